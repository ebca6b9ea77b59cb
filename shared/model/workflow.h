/* workflow - saved definitions. A record is the definition plus {version, createdAt, updatedAt, org, paused}.
 * Definitions given here have passed graph_parse. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_WORKFLOW_H
#define RUNSPOOL_MODEL_WORKFLOW_H

#include "model/store.h"

/* What a record adds to a definition; NULL-terminated. */
extern const char *const workflow_record_members[];

enum workflow_save { WORKFLOW_CREATE /* existing id: RS_CONFLICT */, WORKFLOW_PUT /* create or replace, version + 1 */ };

/* workflow_save - *ret_created says which it was; *ret (may be NULL): the record, owned. The id `active` is reserved
 * (RS_UNPROCESSABLE). */
enum rs_err workflow_save(struct store *store, const char *org, const char *id, struct json_object *definition,
                          enum workflow_save how, bool *ret_created, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;
enum rs_err workflow_get(struct store *store, const char *org, const char *id, struct json_object **ret,
                         struct fault *fault) RS_MUST_CHECK;
/* workflow_pause - paused: no run of it begins until it is taken back; they wait in the queue. RS_NOT_FOUND. */
enum rs_err workflow_pause(struct store *store, const char *org, const char *id, bool paused, struct fault *fault)
    RS_MUST_CHECK;
enum rs_err workflow_delete(struct store *store, const char *org, const char *id, struct fault *fault) RS_MUST_CHECK;
/* workflow_list - by name of id; each item {id,name,description?,crewId?,version,nodeCount,params,createdAt,updatedAt,paused,lastRun?}.
 * cursor: id after which to start, NULL from the first. *ret: {"items":[...],"next":id|null}, owned. */
enum rs_err workflow_list(struct store *store, const char *org, int limit, const char *cursor,
                          struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
