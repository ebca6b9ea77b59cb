/* assistant - actions of the assistant console. A message is a run of the workflow `assistant`; it belongs to a caller
 * (http/caller.h), so that who comes back finds what is under way. One that waits for its caller's run before it is queued,
 * but claimed only when that one has ended. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_ASSISTANT_H
#define RUNSPOOL_MODEL_ASSISTANT_H

#include "base/id.h"
#include "model/store.h"

#define ASSISTANT_WORKFLOW "assistant"
#define ASSISTANT_RUNS_MAX 32 /* of a caller, the newest: older ones are not looked for */

enum assistant_verb { ASSISTANT_EXECUTE, ASSISTANT_CANCEL };
/* What a client asks for; the texts are borrowed from json. */
struct assistant_action {
    enum assistant_verb verb;
    struct json_object *json;             /* owned */
    const char *input, *model;            /* execute; model NULL: not given */
    const char *session_id, *run_id;      /* NULL: not given; run_id of cancel */
    bool deltas;
};
/* assistant_parse - read an action: {"action":"execute_workflow","input","model"?,"deltas"?,"sessionId"?} or
 * {"action":"cancel_workflow","runId"?}. json: borrowed, a reference is kept; NULL is no object. ret is to be released in every
 * case. RS_INVALID: no or unknown action; RS_UNPROCESSABLE: something is of the wrong type. */
enum rs_err assistant_parse(struct json_object *json, struct assistant_action *ret, struct fault *fault) RS_MUST_CHECK;
void assistant_action_release(struct assistant_action *action); /* zeroed is fine */

enum assistant_busy { ASSISTANT_BUSY_FREE /* as many as one likes */, ASSISTANT_BUSY_REFUSE, ASSISTANT_BUSY_QUEUE };
struct assistant_start {
    const char *org, *caller;
    const struct assistant_action *action;
    enum assistant_busy busy; /* what to do when the caller has an unfinished run */
    const char *after;        /* with FREE: the run that must have ended first; NULL: none */
};
/* assistant_execute - a new run. RS_OCCUPIED: refused; RS_NOT_FOUND: no such session; RS_UNPROCESSABLE, RS_LIMIT as run_create. */
enum rs_err assistant_execute(struct store *store, const struct assistant_start *start, char ret_run_id[ID_MAX + 1],
                              struct fault *fault) RS_MUST_CHECK;
/* assistant_cancel - a run of the org; run_id NULL: the caller's oldest unfinished one. ret_run_id: which. RS_NOT_FOUND;
 * RS_CONFLICT: nothing is running. */
enum rs_err assistant_cancel(struct store *store, const char *org, const char *caller, const char *run_id,
                             char ret_run_id[ID_MAX + 1], struct fault *fault) RS_MUST_CHECK;

struct assistant_run {
    char id[ID_MAX + 1], after[ID_MAX + 1]; /* after: the run it waits for or waited for; "" none */
    bool ended;
};
/* assistant_runs - the newest of a caller, ASSISTANT_RUNS_MAX at most, oldest of them first. */
enum rs_err assistant_runs(struct store *store, const char *org, const char *caller,
                           struct assistant_run ret[ASSISTANT_RUNS_MAX], int *ret_n, struct fault *fault) RS_MUST_CHECK;
/* assistant_wants_deltas - did the action that started it ask for deltas? false for any other run. A short read. */
enum rs_err assistant_wants_deltas(struct store *store, const char *run_id, bool *ret, struct fault *fault) RS_MUST_CHECK;

#endif
