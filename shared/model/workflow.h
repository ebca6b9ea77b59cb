/* workflow - saved definitions. A record is the definition plus {version, createdAt, updatedAt, org, paused}.
 * Definitions given here have passed graph_parse. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_WORKFLOW_H
#define RUNSPOOL_MODEL_WORKFLOW_H

#include "model/store.h"

/* What a record adds to a definition; NULL-terminated. */
extern const char *const workflow_record_members[];

/* What differs from the newest version becomes version + 1; what equals it changes nothing. */
enum workflow_save { WORKFLOW_CREATE /* existing id: RS_CONFLICT */, WORKFLOW_PUT /* create or replace */ };
#define WORKFLOW_VERSIONS_MAX 1000 /* kept of one workflow; the oldest go first */

/* workflow_save - by: who saves it, for the list of versions; NULL or "": nobody with a name. *ret_created says which it was; *ret (may be NULL): the record, owned. The id `active` is reserved
 * (RS_UNPROCESSABLE). */
enum rs_err workflow_save(struct store *store, const char *org, const char *id, const char *by, struct json_object *definition,
                          enum workflow_save how, bool *ret_created, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;
/* workflow_save_if - the same in the place of the one that has this version (over 0), or of any (-1). RS_PRECONDITION when it
 * has another, or is not there. */
enum rs_err workflow_save_if(struct store *store, const char *org, const char *id, const char *by, struct json_object *definition,
                             int64_t if_version, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* workflow_get - *ret: owned. One that is built in (builtin.h) is there as version 0 until it is saved. RS_NOT_FOUND. */
enum rs_err workflow_get(struct store *store, const char *org, const char *id, struct json_object **ret,
                         struct fault *fault) RS_MUST_CHECK;
/* workflow_get_in - the same for who is inside a transaction. */
enum rs_err workflow_get_in(struct db *db, const char *org, const char *id, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;
/* workflow_pause - paused: no run of it begins until it is taken back; they wait in the queue. RS_NOT_FOUND. */
enum rs_err workflow_pause(struct store *store, const char *org, const char *id, bool paused, struct fault *fault)
    RS_MUST_CHECK;
enum rs_err workflow_delete(struct store *store, const char *org, const char *id, struct fault *fault) RS_MUST_CHECK;
/* workflow_versions - newest first, each {version,createdAt,by?,name,nodeCount}. before: versions below this one, 0: all.
 * *ret: {"items":[...],"next":version|null}, owned. workflow_version - one of them as it was: the definition plus {version,
 * createdAt,org}, owned. RS_NOT_FOUND. Both know the versions of workflows that exist; deleting one deletes them. */
enum rs_err workflow_versions(struct store *store, const char *org, const char *id, int limit, int64_t before,
                              struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
enum rs_err workflow_version(struct store *store, const char *org, const char *id, int64_t version,
                             struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
#define WORKFLOW_RECENT 20
/* workflow_list - by name of id; each item {id,name,description?,crewId?,version,nodeCount,params,createdAt,updatedAt,paused,lastRun?,
 * recent: [{id,status,durationMs?}, of the newest WORKFLOW_RECENT ended runs, newest first]}.
 * cursor: id after which to start, NULL from the first. *ret: {"items":[...],"next":id|null}, owned. */
enum rs_err workflow_list(struct store *store, const char *org, int limit, const char *cursor,
                          struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* workflow_list_builtin - such items, without times, with `builtin`: true, of the built-in ones that none has been saved in the
 * place of, appended to the array items. */
enum rs_err workflow_list_builtin(struct store *store, const char *org, struct json_object *items,
                                  struct fault *fault) RS_MUST_CHECK;

#endif
