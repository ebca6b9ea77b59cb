/* entry - what stands in an organisation's queue: work with a run of its own, which the runner takes up by priority, then age,
 * and whose status the entry follows; or work that others do, only tracked here. Each change commits with the event
 * state.changed of stream `queue`, the entry as it is then. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_ENTRY_H
#define RUNSPOOL_MODEL_ENTRY_H

#include "model/run.h"

#define ENTRY_TEXT_MAX 200          /* bytes of an issue or a phase that is a text */
#define ENTRY_METADATA_MAX 4096     /* bytes of metadata as JSON */
#define ENTRY_OPEN_MAX 2000         /* entries queued and running at a time */
#define ENTRY_ENDED_KEPT 500        /* that have ended; the rest goes, those first that have ended first */

/* An entry is {queue_id,issue_number,parent_issue,phase,status,priority,metadata,run_id?,workflow_id?,created_at,updated_at};
 * issues and phase: a number, a text or null. status: queued, running, completed, failed (cancelled too).
 * Another organisation's is RS_NOT_FOUND everywhere. */

/* entry_add - fields: {issue_number?,parent_issue?,phase?,priority?,metadata?}, what else is there is not looked at; NULL: none.
 * run: to be made with it, its priority and `within` set here; NULL: only tracked. A request that is done once is told the
 * entry's id. *ret: the entry, owned. RS_UNPROCESSABLE with items {member,code,message} added to errors (may be NULL);
 * RS_LIMIT: ENTRY_OPEN_MAX; else as run_create. */
enum rs_err entry_add(struct store *store, const char *org, struct json_object *fields, struct run_new *run,
                      struct json_object *errors, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* entry_patch - a merge patch (RFC 7396) of the fields and, of an entry that is only tracked, of `status`. The priority of one
 * with a run is the run's, as long as that has not begun. What changes nothing gives no event.
 * RS_NOT_FOUND; RS_UNPROCESSABLE as entry_add; RS_CONFLICT: its run has another status, or has begun. */
enum rs_err entry_patch(struct store *store, const char *org, const char *id, struct json_object *patch,
                        struct json_object *errors, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* entry_delete - take it out; a run that has not begun is cancelled with it. Event {queue_id, deleted: true}. RS_NOT_FOUND;
 * RS_CONFLICT: its run has begun and not ended. */
enum rs_err entry_delete(struct store *store, const char *org, const char *id, struct fault *fault) RS_MUST_CHECK;
enum rs_err entry_get(struct store *store, const char *org, const char *id, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;
/* entry_list - {"phases":[entries],"total","paused"}: higher priority first, then age. *ret: owned. */
enum rs_err entry_list(struct store *store, const char *org, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

/* For the model itself, inside a transaction. entry_follow - the run has another status: so has its entry, if it has one.
 * entry_priority - it has another priority. */
struct run_row;
enum rs_err entry_follow(struct change *change, const struct run_row *run, struct fault *fault) RS_MUST_CHECK;
enum rs_err entry_priority(struct change *change, const struct run_row *run, int64_t priority, struct fault *fault)
    RS_MUST_CHECK;

#endif
