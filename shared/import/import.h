/* import - workflows of other systems as definitions of ours, with a report of what became of each part. What has no
 * counterpart becomes a node that fails with a message saying so, never one that silently does nothing. A text has a NUL behind
 * its len bytes. Pure functions; any thread. */
#ifndef RUNSPOOL_IMPORT_IMPORT_H
#define RUNSPOOL_IMPORT_IMPORT_H

#include "base/err.h"
#include "base/json.h"

#define IMPORT_TEXT_MAX (1024 * 1024)
#define IMPORT_NODES_MAX 500
#define IMPORT_EDGES_MAX 2000
#define IMPORT_NOTES_MAX 500

/* import_detect - "dagu", "n8n", "runspool" (a definition of ours), or NULL: none of them. */
const char *import_detect(const char *text, size_t len);

/* import_workflow - from: "dagu" or "n8n", NULL: found out. name: what the workflow is called when the text does not say (a file's
 * name); the id is made from the name. *ret: the definition, owned. *ret_report, owned:
 *   {"from","nodes":N,"mapped":N,"approximated":[note],"notMapped":[note]}, note {"line"?,"what","message"}
 * nodes: how many steps the text has; mapped: how many of them execute as they did there, or nearly so.
 * Returns: RS_OK; RS_INVALID (not that format, with the line), RS_UNPROCESSABLE (nothing usable in it), RS_LIMIT, RS_NOMEM. */
enum rs_err import_workflow(const char *text, size_t len, const char *from, const char *name, struct json_object **ret,
                            struct json_object **ret_report, struct fault *fault) RS_MUST_CHECK;

#endif
