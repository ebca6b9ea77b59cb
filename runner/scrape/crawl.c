#include "runner/scrape/crawl.h"
#include "base/clock.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const crawl_skip_names[N_SKIPS] = {"robots", "limit", "trap", "redirect", "type", "duplicate"};

void crawl_note(struct crawl *crawl, enum rs_err err, const char *fmt, ...)
{
    char message[FAULT_MESSAGE_MAX];
    va_list args;

    if (crawl->fault.code != RS_OK)
        return;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    (void)fault_set(&crawl->fault, err, "%s", message);
}

void crawl_fail(struct crawl *crawl, enum rs_err err, const char *message)
{
    if (crawl->err)
        return;
    crawl->err = err;
    (void)fault_set(&crawl->fault, err, "%s", message);
    atomic_store(&crawl->stop, true);
    fetch_abort_all(crawl);
}

void crawl_read(struct crawl *crawl, struct frontier_entry *entry)
{
    if (entry->kind == ENTRY_PAGE)
        snprintf(crawl->url, sizeof crawl->url, "%s", entry->url);
    frontier_done(entry);
    if (!crawl->err)
        crawl->on_change(crawl->ctx);
}

void crawl_failed(struct crawl *crawl, struct frontier_entry *entry, const char *why)
{
    crawl->failed++;
    crawl_note(crawl, RS_IO, "%s: %s", entry->url, why);
    if (json_object_array_length(crawl->errors) < CRAWL_ERRORS_MAX) {
        struct json_object *error = json_object_new_object();
        json_set_string(error, "url", entry->url);
        json_set_string(error, "error", why);
        json_object_array_add(crawl->errors, error);
    }
    crawl_read(crawl, entry);
}

void crawl_skipped(struct crawl *crawl, struct frontier_entry *entry, enum crawl_skip why)
{
    crawl->skipped[why]++;
    crawl_read(crawl, entry);
}

void crawl_add(struct crawl *crawl, const char *url, enum entry_kind kind, int depth)
{
    size_t before = crawl->frontier.n_seen;
    enum rs_err err = frontier_add(&crawl->frontier, url, kind, depth);

    if (err == RS_NOMEM)
        crawl_fail(crawl, err, "out of memory");
    else if (err == RS_LIMIT && before == crawl->frontier.n_seen)
        crawl->skipped[SKIP_LIMIT]++;
}

/* --- what is next --- */

static void on_timer(uv_timer_t *timer)
{
    crawl_turn(timer->data);
}

static void end(struct crawl *crawl)
{
    struct fault fault;

    if (!crawl->err) {
        enum rs_err err = itemfile_close(&crawl->items, &fault);
        if (err) {
            crawl->err = err;
            crawl->fault = fault;
        }
    }
    crawl->ended = true;
    uv_timer_stop(crawl->timer);
    crawl->on_end(crawl->ctx);
}

/* Ask for all that may be asked for now. Returns: ms until something may be, -1: not before a request ends. */
static int64_t begin_all(struct crawl *crawl)
{
    const struct scrape_settings *s = crawl->settings;

    while (!crawl->err && crawl->n_fetches + crawl->n_reading < s->concurrency) {
        struct frontier_entry *entry;
        struct frontier_host *host;
        int64_t wait_ms;
        if (crawl->begun >= s->max_pages)
            crawl->skipped[SKIP_LIMIT] += (int64_t)frontier_forget(&crawl->frontier);
        switch (frontier_next(&crawl->frontier, clock_mono_ms(), &entry, &host, &wait_ms)) {
        case FRONTIER_WAIT:
            return wait_ms;
        case FRONTIER_ROBOTS:
            fetch_robots(crawl, host);
            break;
        case FRONTIER_REFUSED:
            crawl->skipped[SKIP_ROBOTS]++;
            crawl_note(crawl, RS_DENIED, "robots.txt forbids %.300s", entry->url);
            frontier_drop(entry);
            break;
        case FRONTIER_ENTRY:
            if (entry->kind == ENTRY_PAGE && !entry->counted) {
                entry->counted = true;
                crawl->begun++;
            }
            fetch_entry(crawl, entry);
            break;
        }
    }
    return -1;
}

void crawl_turn(struct crawl *crawl)
{
    if (crawl->in_turn || crawl->ended)
        return;
    crawl->in_turn = true;
    int64_t wait_ms = begin_all(crawl);
    crawl->in_turn = false;
    uv_timer_stop(crawl->timer);
    if (crawl->n_fetches == 0 && crawl->n_reading == 0 && (wait_ms < 0 || crawl->err))
        end(crawl);
    else if (wait_ms >= 0 && !crawl->err)
        uv_timer_start(crawl->timer, on_timer, (uint64_t)wait_ms, 0);
}

int crawl_percent(const struct crawl *crawl)
{
    int64_t room = crawl->settings->max_pages - crawl->begun, waiting = (int64_t)crawl->frontier.n_queued;
    int64_t under_way = crawl->n_fetches + crawl->n_reading, done = crawl->begun - under_way;
    int64_t all = crawl->begun + (waiting < room ? waiting : room > 0 ? room : 0);

    if (crawl->ended)
        return 100;
    if (all <= 0 || done <= 0)
        return 0;
    int percent = (int)(done * 100 / all);
    return percent > 99 ? 99 : percent;
}

/* --- its life --- */

static void first_addresses(struct crawl *crawl)
{
    const struct scrape_settings *s = crawl->settings;

    if (s->sitemap && strcmp(url_path(s->sitemap), "/") == 0) {
        if (frontier_want_robots(&crawl->frontier, s->sitemap, &crawl->sitemap_host) != RS_OK)
            crawl_fail(crawl, RS_NOMEM, "out of memory");
    } else if (s->sitemap) {
        crawl_add(crawl, s->sitemap, ENTRY_SITEMAP, 0);
    }
    for (size_t i = 0; i < s->n_starts; i++)
        crawl_add(crawl, s->starts[i], ENTRY_PAGE, 0);
}

void crawl_start(struct crawl *crawl)
{
    first_addresses(crawl);
    /* From the loop: on_end may come at once. */
    uv_timer_start(crawl->timer, on_timer, 0, 0);
}

void crawl_stop(struct crawl *crawl)
{
    if (crawl->ended)
        return;
    crawl_fail(crawl, RS_CLOSED, "cancelled");
    uv_timer_start(crawl->timer, on_timer, 0, 0);
}

enum rs_err crawl_new(struct scrape_settings *settings, struct http *http, uv_loop_t *loop, const char *folder,
                      int64_t max_bytes, struct crawl **ret, struct fault *fault)
{
    struct crawl *crawl = calloc(1, sizeof *crawl);
    enum rs_err err;

    if (!crawl || !(crawl->timer = calloc(1, sizeof *crawl->timer))) {
        free(crawl);
        scrape_settings_free(settings);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    uv_timer_init(loop, crawl->timer);
    crawl->timer->data = crawl;
    crawl->settings = settings;
    crawl->http = http;
    crawl->loop = loop;
    crawl->sample = json_object_new_array();
    crawl->errors = json_object_new_array();
    frontier_init(&crawl->frontier, (int)settings->per_host, settings->delay_ms, settings->robots);
    err = itemfile_open(&crawl->items, settings, folder, max_bytes, fault);
    if (err)
        crawl_free(crawl);
    else
        *ret = crawl;
    return err;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

void crawl_free(struct crawl *crawl)
{
    if (!crawl)
        return;
    uv_close((uv_handle_t *)crawl->timer, on_closed);
    itemfile_abort(&crawl->items);
    frontier_release(&crawl->frontier);
    map_clear(&crawl->contents, NULL);
    json_object_put(crawl->sample);
    json_object_put(crawl->errors);
    scrape_settings_free(crawl->settings);
    free(crawl);
}
