/* adw - states of ADWs: workflows that outside programs drive, and whose state they tell. A state is {adw_id, ...}: what else
 * is in it is theirs, kept as it is. Written by any number of processes at once: each change is one transaction, a patch is
 * merged in it, so that no change undoes another. Each gives the event adw.changed with the whole state in stream adw:ID.
 * An id belongs to the organisation that used it first, for ever, as its stream does. Threads: as the store. Calls block on
 * the database. */
#ifndef RUNSPOOL_MODEL_ADW_H
#define RUNSPOOL_MODEL_ADW_H

#include "model/store.h"

#define ADW_STATE_MAX (32 * 1024) /* bytes of a state as JSON */
#define ADW_MAX 10000             /* of an organisation */
#define ADW_LIST_MAX 500          /* of them in adw_list ... */
#define ADW_LIST_BYTES (4 * 1024 * 1024) /* ... which also ends when their states together are larger than that */

/* A state of another org is RS_NOT_FOUND everywhere (adw_get: org NULL is any); so is a deleted one. *ret: the state, owned. *ret_version: raised by each
 * change, and never again what it was. */
struct adw_save {
    struct json_object *state; /* an object; borrowed */
    bool patch;                /* it is a merge patch (RFC 7396) of the state as it is; else it replaces that */
    int64_t if_version;        /* not 0: only when the state has this version, else RS_PRECONDITION; -1: any */
};
/* adw_save - make or change it. What changes nothing gives no event and no version. *ret_created may be NULL.
 * RS_UNPROCESSABLE: its adw_id is another; RS_LIMIT; RS_PRECONDITION. */
enum rs_err adw_save(struct store *store, const char *org, const char *id, const struct adw_save *save, bool *ret_created,
                     int64_t *ret_version, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
enum rs_err adw_get(struct store *store, const char *org, const char *id, int64_t *ret_version, struct json_object **ret,
                    struct fault *fault) RS_MUST_CHECK;
/* adw_delete - event adw.changed with {adw_id, deleted: true}. if_version: as above. */
enum rs_err adw_delete(struct store *store, const char *org, const char *id, int64_t if_version, struct fault *fault)
    RS_MUST_CHECK;
/* adw_list - {"workflows":[states],"summary":{total,running,completed,failed,paused},"last_updated"}: the ADW_LIST_MAX changed
 * last, last first, as far as they fit into ADW_LIST_BYTES; the summary counts all, by their status word for word. last_updated: null when there never was one. */
enum rs_err adw_list(struct store *store, const char *org, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
