/* What a run has said so far, page by page: /api/runs/{id}/logs and /events. The pages are read through the same feeds
 * as the live doors, so their messages are the same. */
#include "api.h"
#include "dialect/dialect.h"
#include "gateway.h"
#include "model/run.h"
#include "runs.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    PAGE_DEFAULT = 1000,
    PAGE_MAX = 10000,
    PAGE_BYTES = 8 * 1024 * 1024, /* a page ends early rather than grow beyond this */
    CHUNK = 500,                  /* events read at a time */
    LAST_MAX = 1000,              /* events counted from the end */
    ATTEMPT_EVENTS = 1000,        /* beginnings of attempts looked at, the newest */
};

struct page {
    struct buf *out;
    int n, limit;
    int64_t before; /* the event that ends what is asked for; 0: none */
    bool full, over;
};

static bool take(void *ctx, const char *id, const char *json, size_t len)
{
    struct page *page = ctx;
    if (page->before && id && strtoll(id, NULL, 10) >= page->before) {
        page->over = true;
        return false;
    }
    if (page->n == page->limit || (page->n > 0 && page->out->len + len > PAGE_BYTES)) {
        page->full = true;
        return false;
    }
    if (page->n++ > 0)
        buf_putc(page->out, ',');
    buf_append(page->out, json, len);
    return true;
}

/* A feed of the run's console endpoint with this suffix ("" or "/logs"), or of its native stream (NULL). */
static enum rs_err open_feed(struct call *call, const char *suffix, const char *run_id, struct feed **ret,
                             struct fault *fault)
{
    char name[ID_MAX + 32] = "", stream[ID_MAX + 8];
    const char *streams[] = {stream};
    struct store *store = NULL;
    struct path_params params = {0};
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (err)
        return err;
    if (suffix)
        snprintf(name, sizeof name, "/workflows/%s%s", run_id, suffix);
    snprintf(stream, sizeof stream, "run:%s", run_id);
    const struct endpoint *endpoint = endpoint_find(name, &params);
    if (!endpoint)
        return fault_set(fault, RS_NOT_FOUND, "there is no such stream");
    return feed_open_as(endpoint, &params, streams, endpoint->native ? 1 : 0, store, &call->access, ret, fault);
}

enum rs_err run_check(struct call *call, const char *run_id, struct fault *fault)
{
    struct store *store = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    return err ? err : run_exists(store, call->access.org, run_id, fault);
}

/* The events of one attempt of a run: from the one that began it up to the one that began the next. */
struct span {
    int64_t first, before; /* before 0: to the end */
};

/* attempt: from 1. Of an attempt that is still to come, or was forgotten, there is nothing: RS_NOT_FOUND. */
static enum rs_err find_attempt(struct eventlog *log, const char *run_id, int attempt, struct span *ret, struct fault *fault)
{
    static const char *const types[] = {"run.queued", "run.retried", "run.resumed", NULL};
    char stream[ID_MAX + 8];
    struct event **events = NULL;
    int n = 0, last = 0;
    snprintf(stream, sizeof stream, "run:%s", run_id);
    enum rs_err err = eventlog_read_newest(log, stream, types, 0, ATTEMPT_EVENTS, &events, &n, fault);
    if (err)
        return err;
    *ret = (struct span){0};
    for (int i = 0; i < n && !ret->before; i++) {
        struct json_object *data = event_data(events[i]);
        int is = (int)json_get_int(data, "attempt", 0);
        json_object_put(data);
        if (is == attempt && last != attempt) /* one that was paused goes on in the same attempt */
            ret->first = events[i]->id;
        else if (is > attempt)
            ret->before = events[i]->id;
        last = is;
    }
    eventlog_events_free(events, n);
    return ret->first ? RS_OK : fault_set(fault, RS_NOT_FOUND, "nothing is known of attempt %d of this run", attempt);
}

static enum rs_err ask_attempt(struct call *call, const char *run_id, struct cursor *from, int64_t *ret_before,
                               struct fault *fault)
{
    const char *given = query_get(&call->request->query, "attempt");
    struct eventlog *log = NULL;
    struct span span;
    char *end = NULL;
    long attempt = given ? strtol(given, &end, 10) : 0;
    if (!given)
        return RS_OK;
    if (end == given || *end || attempt < 1 || attempt > INT32_MAX)
        return fault_set(fault, RS_INVALID, "attempt must be a number from 1");
    enum rs_err err = worker_log(call->worker, &log, fault);
    if (!err)
        err = find_attempt(log, run_id, (int)attempt, &span, fault);
    if (err)
        return err;
    if (from->kind != CURSOR_AT || from->id < span.first)
        *from = (struct cursor){.kind = CURSOR_AT, .id = span.first - 1, .part = CURSOR_PART_ALL};
    *ret_before = span.before;
    return RS_OK;
}

/* Begin with the last so many events, if the query asks for that. */
static enum rs_err ask_last(struct call *call, const char *run_id, struct cursor *from, struct fault *fault)
{
    const char *given = query_get(&call->request->query, "last");
    char stream[ID_MAX + 8];
    struct eventlog *log = NULL;
    struct event **events = NULL;
    int n = 0;
    char *end = NULL;
    long last = given ? strtol(given, &end, 10) : 0;
    if (!given)
        return RS_OK;
    if (end == given || *end || last < 1 || last > LAST_MAX)
        return fault_set(fault, RS_INVALID, "last must be a number from 1 to %d", LAST_MAX);
    if (from->kind != CURSOR_START)
        return fault_set(fault, RS_INVALID, "last goes with neither cursor nor attempt");
    snprintf(stream, sizeof stream, "run:%s", run_id);
    enum rs_err err = worker_log(call->worker, &log, fault);
    if (!err)
        err = eventlog_read_newest(log, stream, NULL, 0, (int)last, &events, &n, fault);
    if (!err && n > 0)
        *from = (struct cursor){.kind = CURSOR_AT, .id = events[0]->id - 1, .part = CURSOR_PART_ALL};
    eventlog_events_free(events, n);
    return err;
}

static enum rs_err read_page(struct call *call, struct feed *feed, struct cursor from, int64_t before, int limit,
                             struct fault *fault)
{
    struct page page = {.out = &call->response->body, .limit = limit, .before = before};
    struct message_sink sink = {.message = take, .ctx = &page};
    struct store *store = NULL;
    struct eventlog *log = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = worker_log(call->worker, &log, fault);
    buf_puts(page.out, "{\"items\":[");
    if (!err)
        err = feed_start(feed, from, store, log, &sink, fault);
    bool more = true;
    while (!err && more && !page.full && !page.over)
        err = feed_read(feed, log, CHUNK, &sink, &more, fault);
    if (err)
        return err;
    char next[CURSOR_TEXT_MAX];
    if (page.full)
        buf_printf(page.out, "],\"next\":\"%s\"}", cursor_format(feed->at.id, feed->at.part, next));
    else
        buf_puts(page.out, "],\"next\":null}");
    return RS_OK;
}

static enum rs_err answer_page(struct call *call, const char *suffix, struct fault *fault)
{
    struct feed *feed = NULL;
    struct cursor from = {.kind = CURSOR_NONE};
    const char *id = NULL;
    int64_t before = 0;
    int limit = 0;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = request_limit(call->request, PAGE_DEFAULT, PAGE_MAX, &limit, fault);
    if (!err && cursor_parse(query_get(&call->request->query, "cursor"), &from))
        err = fault_set(fault, RS_INVALID, "cursor must be the `next` of an earlier answer or the id of a message");
    if (from.kind == CURSOR_NONE)
        from.kind = CURSOR_START;
    if (!err)
        err = run_check(call, id, fault);
    if (!err)
        err = ask_attempt(call, id, &from, &before, fault);
    if (!err)
        err = suffix ? RS_OK : ask_last(call, id, &from, fault);
    if (!err)
        err = open_feed(call, suffix, id, &feed, fault);
    if (!err)
        err = read_page(call, feed, from, before, limit, fault);
    feed_free(feed);
    return err;
}

enum rs_err run_logs(struct call *call, struct fault *fault)
{
    return answer_page(call, "/logs", fault);
}

enum rs_err run_events(struct call *call, struct fault *fault)
{
    return answer_page(call, NULL, fault);
}
