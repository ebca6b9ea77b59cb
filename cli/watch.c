#include "cli/watch.h"
#include "base/clock.h"
#include <poll.h>

static bool watch_message(void *ctx, const char *id, const char *json, size_t len)
{
    struct watch *watch = ctx;
    watch->stopped = !watch->sink.message(watch->sink.ctx, id, json, len);
    return !watch->stopped;
}

enum rs_err watch_open(struct watch *watch, struct cli *cli, const char *const *streams, int n_streams,
                       const char *since, struct message_sink sink, struct fault *fault)
{
    struct path_params params;
    struct cursor cursor;
    enum rs_err err;

    *watch = (struct watch){.cli = cli, .sink = sink};
    if (cursor_parse(since ? since : "now", &cursor) != RS_OK)
        return fault_set(fault, RS_INVALID, "--since wants an event's id, start or now, not \"%s\"", since);
    if ((err = eventlog_open(&cli->dd, EVENTLOG_READ, NULL, NULL, &watch->log, fault)) != RS_OK ||
        (err = feed_open(endpoint_find("", &params), &params, streams, n_streams, &cli->store, NULL, &watch->feed,
                         fault)) != RS_OK)
        return err;
    (void)eventlog_changed(watch->log);
    return feed_start(watch->feed, cursor, &cli->store, watch->log, &(struct message_sink){watch_message, watch},
                      fault);
}

void watch_release(struct watch *watch)
{
    feed_free(watch->feed);
    eventlog_close(watch->log);
    *watch = (struct watch){0};
}

enum rs_err watch_read(struct watch *watch, bool *ret_ended, struct fault *fault)
{
    struct message_sink sink = {watch_message, watch};
    bool more = true;
    enum rs_err err = RS_OK;
    while (more && err == RS_OK && !watch->stopped)
        err = feed_read(watch->feed, watch->log, WATCH_BATCH, &sink, &more, fault);
    return err == RS_OK ? feed_ended(watch->feed, watch->log, ret_ended, fault) : err;
}

void watch_wait(struct watch *watch, int timeout_ms)
{
    int64_t until = clock_mono_ms() + timeout_ms;
    for (;;) {
        int64_t left = until - clock_mono_ms();
        if (eventlog_changed(watch->log) || left <= 0 || (watch->interrupted && *watch->interrupted))
            return;
        poll(NULL, 0, (int)(left < WATCH_EVERY_MS ? left : WATCH_EVERY_MS));
    }
}
