/* scrape - pages of sites, from a sitemap, a list, or by following links; what selectors find on them goes into a file
 * of items. Output: {pages, items, failed, skipped, skippedBy, bytes, artifact, sample, errors}. On the way it emits
 * scrape.progress. The work itself: runner/scrape/crawl.h. */
#include "base/clock.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include "runner/scrape/crawl.h"
#include <stdlib.h>
#include <string.h>

#define EVENT_EVERY_MS 200 /* of scrape.progress */
#define PREVIEW_MAX 3      /* items in an event */
#define PREVIEW_BYTES 8192

struct scrape {
    struct node *node;
    struct crawl *crawl;
    uv_timer_t *timer; /* closes by itself */
    int64_t said_ms;   /* when the last event was */
    int percent;
};

/* --- events --- */

static struct json_object *preview(const struct crawl *crawl)
{
    struct json_object *out = json_object_new_array();
    size_t bytes = 0, len;

    for (size_t i = 0; i < json_object_array_length(crawl->sample) && i < PREVIEW_MAX; i++) {
        struct json_object *item = json_object_array_get_idx(crawl->sample, i);
        (void)json_text(item, &len);
        if ((bytes += len) > PREVIEW_BYTES)
            break;
        json_object_array_add(out, json_object_get(item));
    }
    return out;
}

static void say(struct scrape *scrape, const char *status)
{
    struct node *node = scrape->node;
    const struct crawl *crawl = scrape->crawl;
    struct json_object *data = json_object_new_object();
    struct spool *spool;
    struct fault fault;
    size_t len;
    int percent = crawl_percent(crawl);

    /* Pages become known as it goes; the share of them that is done must not seem to shrink. */
    if (percent > scrape->percent)
        scrape->percent = percent;
    json_set_string(data, "nodeId", node->def->id);
    json_set_string(data, "toolId", json_get_string(node->def->data, "toolId", node->def->id));
    json_set_string(data, "url", crawl->url);
    json_set_string(data, "status", status);
    json_set_int(data, "items", crawl->items.n);
    json_set_int(data, "pages", crawl->pages);
    json_set_int(data, "failed", crawl->failed);
    json_set_int(data, "queued", (int64_t)crawl->frontier.n_queued);
    json_set_int(data, "progress", scrape->percent);
    json_set(data, "preview", preview(crawl));
    data = mask_copy(node->x->mask, data); /* an address may hold a secret, and a page may show it */
    const char *text = json_text(data, &len);
    if (store_spool(&node->x->store, &spool, &fault) == RS_OK &&
        spool_append(spool, node->x->stream, "scrape.progress", text, len, 0) != RS_OK) {
        /* Counted by the emitter, as lines are. */
    }
    json_object_put(data);
    scrape->said_ms = clock_mono_ms();
    uv_timer_stop(scrape->timer);
}

static void on_timer(uv_timer_t *timer)
{
    say(timer->data, "scraping");
}

static void on_change(void *ctx)
{
    struct scrape *scrape = ctx;
    int64_t since_ms = clock_mono_ms() - scrape->said_ms;

    if (since_ms >= EVENT_EVERY_MS)
        say(scrape, "scraping");
    else if (!uv_is_active((uv_handle_t *)scrape->timer))
        uv_timer_start(scrape->timer, on_timer, (uint64_t)(EVENT_EVERY_MS - since_ms), 0);
}

/* --- the end --- */

static struct json_object *output(const struct crawl *crawl)
{
    struct json_object *out = json_object_new_object(), *by = json_object_new_object();
    int64_t skipped = 0;

    for (int i = 0; i < N_SKIPS; i++) {
        int64_t n = crawl->skipped[i] + (i == SKIP_LIMIT ? (int64_t)crawl->frontier.n_beyond : 0);
        skipped += n;
        if (n > 0)
            json_set_int(by, crawl_skip_names[i], n);
    }
    json_set_int(out, "pages", crawl->pages);
    json_set_int(out, "items", crawl->items.n);
    json_set_int(out, "failed", crawl->failed);
    json_set_int(out, "skipped", skipped);
    json_set(out, "skippedBy", by);
    json_set_int(out, "bytes", crawl->bytes);
    if (!crawl->err)
        json_set_string(out, "artifact", crawl->settings->artifact);
    json_set(out, "sample", json_object_get(crawl->sample));
    json_set(out, "errors", json_object_get(crawl->errors));
    return out;
}

static void on_end(void *ctx)
{
    struct scrape *scrape = ctx;
    struct node *node = scrape->node;
    const struct crawl *crawl = scrape->crawl;
    bool nothing = !crawl->err && crawl->pages == 0 && crawl->fault.code != RS_OK;

    say(scrape, crawl->err || nothing ? "error" : "success");
    if (crawl->err == RS_CLOSED)
        node_fail(node, "cancelled", output(crawl), "cancelled");
    else if (crawl->err)
        node_fail(node, crawl->err == RS_LIMIT ? "limit" : "exit", output(crawl), "%s", crawl->fault.message);
    else if (nothing)
        node_fail(node, crawl->fault.code == RS_DENIED || crawl->fault.code == RS_INVALID ? "input" : "exit",
                  output(crawl), "no page could be read; %s", crawl->fault.message);
    else
        node_done(node, output(crawl));
}

/* --- node type --- */

void scrape_start(struct node *node)
{
    const struct execution *x = node->x;
    struct scrape_settings *settings;
    struct fault fault = {0};
    struct scrape *scrape;
    struct crawl *crawl;

    if (scrape_settings_new(node->data, node->def->id, &settings, &fault) != RS_OK) {
        node_fail(node, fault.code == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
        return;
    }
    if (crawl_new(settings, x->http, &node->x->loop, x->artifacts,
                  config_number(x->dd->config, "limits.artifact_bytes"), &crawl, &fault) != RS_OK) {
        node_fail(node, "exit", NULL, "%s", fault.message);
        return;
    }
    scrape = calloc(1, sizeof *scrape);
    if (!scrape || !(scrape->timer = calloc(1, sizeof *scrape->timer)))
        abort(); /* a run process without memory: its run is an orphan then */
    uv_timer_init(&node->x->loop, scrape->timer);
    scrape->timer->data = scrape;
    scrape->node = node;
    scrape->crawl = crawl;
    node->state = scrape;
    crawl->allow_private = config_is(x->dd->config, "runner.http_private", "allow");
    crawl->on_change = on_change;
    crawl->on_end = on_end;
    crawl->ctx = scrape;
    strcpy(crawl->url, settings->n_starts ? settings->starts[0] : settings->sitemap);
    say(scrape, "pending");
    crawl_start(crawl);
}

void scrape_stop(struct node *node)
{
    struct scrape *scrape = node->state;
    if (scrape)
        crawl_stop(scrape->crawl);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

void scrape_release(struct node *node)
{
    struct scrape *scrape = node->state;

    if (!scrape)
        return;
    uv_close((uv_handle_t *)scrape->timer, on_closed);
    crawl_free(scrape->crawl);
    free(scrape);
}
