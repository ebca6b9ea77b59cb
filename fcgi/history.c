/* What a run has said so far, page by page: /api/runs/{id}/logs and /events. The pages are read through the same feeds
 * as the live doors, so their messages are the same. */
#include "api.h"
#include "dialect/dialect.h"
#include "gateway.h"
#include "model/run.h"
#include "runs.h"
#include <stdio.h>

enum {
    PAGE_DEFAULT = 1000,
    PAGE_MAX = 10000,
    PAGE_BYTES = 8 * 1024 * 1024, /* a page ends early rather than grow beyond this */
    CHUNK = 500,                  /* events read at a time */
};

struct page {
    struct buf *out;
    int n, limit;
    bool full;
};

static bool take(void *ctx, const char *id, const char *json, size_t len)
{
    struct page *page = ctx;
    (void)id;
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
    return feed_open(endpoint, &params, streams, endpoint->native ? 1 : 0, store, call->access.org, ret, fault);
}

enum rs_err run_check(struct call *call, const char *run_id, struct fault *fault)
{
    struct store *store = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    return err ? err : run_exists(store, call->access.org, run_id, fault);
}

static enum rs_err read_page(struct call *call, struct feed *feed, struct cursor from, int limit, struct fault *fault)
{
    struct page page = {.out = &call->response->body, .limit = limit};
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
    while (!err && more && !page.full)
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
        err = open_feed(call, suffix, id, &feed, fault);
    if (!err)
        err = read_page(call, feed, from, limit, fault);
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
