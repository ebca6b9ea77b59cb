/* eventlog - choose the engine, check arguments, hand over. */
#include "event/eventlog.h"
#include "event/eventlog_driver.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct eventlog_driver *const drivers[] = {&eventlog_sqlite};

enum rs_err eventlog_open(const struct datadir *dd, enum eventlog_mode mode, eventlog_owner_fn *owner, void *owner_ctx,
                          struct eventlog **ret, struct fault *fault)
{
    struct eventlog_options options = {.dd = dd, .mode = mode, .owner = owner, .owner_ctx = owner_ctx};
    const char *setting = config_text(dd->config, "eventlog");
    size_t scheme_len;

    if (!setting || !*setting)
        setting = "sqlite";
    scheme_len = strcspn(setting, ":");
    options.place = setting + scheme_len + (setting[scheme_len] == ':');
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        const char *scheme = drivers[i]->scheme;
        enum rs_err err;

        if (strlen(scheme) != scheme_len || memcmp(scheme, setting, scheme_len) != 0)
            continue;
        err = drivers[i]->open(&options, ret, fault);
        if (err)
            return err;
        (*ret)->driver = drivers[i];
        (*ret)->mode = mode;
        return RS_OK;
    }
    return fault_set(fault, RS_INVALID, "setting eventlog: no engine '%.*s' here; use sqlite or sqlite:PATH",
                     (int)scheme_len, setting);
}

void eventlog_owner_release(struct eventlog_owner *owner)
{
    free(owner->org);
    for (int i = 0; i < owner->n_tags; i++)
        free(owner->tags[i]);
    *owner = (struct eventlog_owner){.org = NULL};
}

void eventlog_close(struct eventlog *log)
{
    if (log)
        log->driver->close(log);
}

enum rs_err eventlog_append(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault)
{
    assert(log->mode == EVENTLOG_WRITE);
    return n == 0 ? RS_OK : log->driver->append(log, entries, n, fault);
}

enum rs_err eventlog_append_now(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault)
{
    assert(log->mode == EVENTLOG_WRITE);
    return n == 0 ? RS_OK : log->driver->append_now(log, entries, n, fault);
}

void eventlog_ask_now(struct eventlog *log, eventlog_owner_fn *owner)
{
    log->owner_now = owner;
}

enum rs_err eventlog_producer(struct eventlog *log, const char *producer, int64_t *ret_last, struct fault *fault)
{
    return log->driver->producer(log, producer, ret_last, fault);
}

/* Names come from subscribers: a bad one is an ordinary error. */
static enum rs_err check_query(const struct eventlog_query *query, struct fault *fault)
{
    for (int i = 0; i < query->n_streams; i++) {
        if (stream_check(query->streams[i], fault))
            return RS_INVALID;
    }
    return RS_OK;
}

enum rs_err eventlog_read(struct eventlog *log, const struct eventlog_query *query, int limit, struct event ***ret,
                          int *ret_n, int64_t *ret_examined, struct fault *fault)
{
    enum rs_err err = check_query(query, fault);

    assert(limit > 0);
    return err ? err : log->driver->read(log, query, limit, ret, ret_n, ret_examined, NULL, fault);
}

enum rs_err eventlog_read_with_gaps(struct eventlog *log, const struct eventlog_query *query, int limit, struct event ***ret,
                                    int *ret_n, int64_t *ret_examined, struct eventlog_missing *missing,
                                    struct fault *fault)
{
    enum rs_err err = check_query(query, fault);

    assert(limit > 0);
    return err ? err : log->driver->read(log, query, limit, ret, ret_n, ret_examined, missing, fault);
}

enum rs_err eventlog_read_newest(struct eventlog *log, const char *stream, const char *const *types, int64_t until,
                                 int limit, struct event ***ret, int *ret_n, struct fault *fault)
{
    assert(limit > 0);
    return log->driver->read_newest(log, stream, types, until, limit, ret, ret_n, fault);
}

void eventlog_events_free(struct event **events, int n)
{
    for (int i = 0; i < n; i++)
        event_unref(events[i]);
    free(events);
}

enum rs_err eventlog_head(struct eventlog *log, int64_t *ret_head, struct fault *fault)
{
    return log->driver->head(log, ret_head, fault);
}

enum rs_err eventlog_stream(struct eventlog *log, const char *stream, struct eventlog_stream *ret, struct fault *fault)
{
    return log->driver->stream(log, stream, ret, fault);
}

enum rs_err eventlog_gaps(struct eventlog *log, const struct eventlog_query *query,
                          struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault)
{
    enum rs_err err = check_query(query, fault);

    return err ? err : log->driver->gaps(log, query, ret, ret_n, fault);
}

enum rs_err eventlog_trim(struct eventlog *log, const struct eventlog_keep *keep, int64_t now_ms,
                          struct eventlog_trimmed *ret, struct fault *fault)
{
    assert(log->mode == EVENTLOG_WRITE);
    return log->driver->trim(log, keep, now_ms, ret, fault);
}

enum rs_err eventlog_settle(struct eventlog *log, struct fault *fault)
{
    assert(log->mode == EVENTLOG_WRITE);
    return log->driver->settle(log, fault);
}

enum rs_err eventlog_checkpoint(struct eventlog *log, bool idle, bool *ret_due, int64_t *ret_bytes, struct fault *fault)
{
    assert(log->mode == EVENTLOG_WRITE);
    return log->driver->checkpoint(log, idle, ret_due, ret_bytes, fault);
}

enum rs_err eventlog_checkpoint_beside(struct eventlog *log, struct fault *fault)
{
    assert(log->mode == EVENTLOG_WRITE);
    return log->driver->checkpoint_beside(log, fault);
}

enum rs_err eventlog_last_oid(struct eventlog *log, int64_t *ret_oid, struct fault *fault)
{
    return log->driver->last_oid(log, ret_oid, fault);
}

enum rs_err eventlog_skipped(struct eventlog *log, int64_t id, int64_t *ret_first, int64_t *ret_last,
                             struct fault *fault)
{
    return log->driver->skipped(log, id, ret_first, ret_last, fault);
}

bool eventlog_changed(struct eventlog *log)
{
    return log->driver->changed(log);
}
