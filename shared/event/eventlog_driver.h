/* eventlog_driver - what an engine of the event log provides. One const table each; eventlog.c chooses by the setting
 * `eventlog`. Each function is its namesake of eventlog.h; arguments are checked there. */
#ifndef RUNSPOOL_EVENT_EVENTLOG_DRIVER_H
#define RUNSPOOL_EVENT_EVENTLOG_DRIVER_H

#include "event/eventlog.h"

/* How a log is opened: what eventlog_open was given, and the setting. */
struct eventlog_options {
    const struct datadir *dd;
    const char *place; /* what follows "SCHEME:" in the setting; "" for the default place */
    enum eventlog_mode mode;
    eventlog_owner_fn *owner;
    void *owner_ctx;
};

struct eventlog_driver {
    const char *scheme;
    enum rs_err (*open)(const struct eventlog_options *options, struct eventlog **ret, struct fault *fault);
    void (*close)(struct eventlog *log);
    enum rs_err (*append)(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault);
    enum rs_err (*append_now)(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault);
    enum rs_err (*producer)(struct eventlog *log, const char *producer, int64_t *ret_last, struct fault *fault);
    /* missing: of eventlog_read_with_gaps, else NULL */
    enum rs_err (*read)(struct eventlog *log, const struct eventlog_query *query, int limit, struct event ***ret,
                        int *ret_n, int64_t *ret_examined, struct eventlog_missing *missing, struct fault *fault);
    enum rs_err (*read_newest)(struct eventlog *log, const char *stream, const char *const *types, int64_t until,
                               int limit, struct event ***ret, int *ret_n, struct fault *fault);
    enum rs_err (*head)(struct eventlog *log, int64_t *ret_head, struct fault *fault);
    enum rs_err (*last_oid)(struct eventlog *log, int64_t *ret_oid, struct fault *fault);
    enum rs_err (*stream)(struct eventlog *log, const char *stream, struct eventlog_stream *ret, struct fault *fault);
    enum rs_err (*gaps)(struct eventlog *log, const struct eventlog_query *query,
                        struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault);
    enum rs_err (*trim)(struct eventlog *log, const struct eventlog_keep *keep, int64_t now_ms,
                        struct eventlog_trimmed *ret, struct fault *fault);
    enum rs_err (*settle)(struct eventlog *log, struct fault *fault);
    enum rs_err (*checkpoint)(struct eventlog *log, bool idle, bool *ret_due, int64_t *ret_bytes, struct fault *fault);
    enum rs_err (*checkpoint_beside)(struct eventlog *log, struct fault *fault);
    enum rs_err (*skipped)(struct eventlog *log, int64_t id, int64_t *ret_first, int64_t *ret_last, struct fault *fault);
    bool (*changed)(struct eventlog *log);
};
extern const struct eventlog_driver eventlog_sqlite;

/* The first member of every driver's own struct. */
struct eventlog {
    const struct eventlog_driver *driver;
    enum eventlog_mode mode;
    eventlog_owner_fn *owner_now; /* of append_now; NULL: nobody is asked */
};

#endif
