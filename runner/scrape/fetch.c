/* Requests of a crawl, and what their answers mean: pages and sitemaps to be read, redirects, errors, robots.txt. */
#include "base/clock.h"
#include "base/curl.h"
#include "runner/scrape/crawl.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fetch {
    struct crawl *crawl;
    struct http_transfer *transfer;
    struct frontier_entry *entry; /* NULL: robots.txt of host */
    struct frontier_host *host;
    struct fetch *next, **prev; /* in crawl->fetches */
};

static void unlink_fetch(struct fetch *fetch)
{
    *fetch->prev = fetch->next;
    if (fetch->next)
        fetch->next->prev = fetch->prev;
    fetch->crawl->n_fetches--;
    free(fetch);
}

/* Worth another attempt: the site was busy, or the network failed. */
static bool may_pass(const struct http_response *response)
{
    if (response->err)
        return response->err != RS_DENIED && response->err != RS_INVALID;
    return response->status == 408 || response->status == 429 || response->status == 500 || response->status == 502 ||
           response->status == 503 || response->status == 504;
}

/* How long to leave the site alone: what it asks for (RFC 9110, section 10.2.3), else longer each time. */
static int64_t pause_ms(const struct crawl *crawl, const struct http_response *response, int attempts)
{
    const char *after = response->err ? NULL : json_get_string(response->headers, "retry-after", NULL);
    int64_t ms = crawl->settings->retry_ms << (attempts < 7 ? attempts : 7);

    if (after && isdigit((unsigned char)*after)) {
        ms = strtoll(after, NULL, 10) > CRAWL_RETRY_AFTER_MAX_MS / 1000 ? CRAWL_RETRY_AFTER_MAX_MS
                                                                        : strtoll(after, NULL, 10) * 1000;
    } else if (after) {
        time_t at = curl_getdate(after, NULL);
        if (at != (time_t)-1)
            ms = at * 1000 - clock_wall_ms();
    }
    return ms < 0 ? 0 : ms > CRAWL_RETRY_AFTER_MAX_MS ? CRAWL_RETRY_AFTER_MAX_MS : ms;
}

/* --- robots.txt --- */

static void on_robots(void *ctx, struct http_response *response)
{
    struct fetch *fetch = ctx;
    struct crawl *crawl = fetch->crawl;
    struct frontier_host *host = fetch->host;
    struct robots *robots = NULL;
    char url[URL_TEXT_MAX + 1];

    unlink_fetch(fetch);
    if (may_pass(response) && host->robots_attempts < crawl->settings->retries) {
        frontier_robots_again(host, clock_mono_ms(), pause_ms(crawl, response, host->robots_attempts++));
        crawl_turn(crawl);
        return;
    }
    bool answered = !response->err && response->status >= 200 && response->status < 300;
    bool unreachable = response->err ? may_pass(response) : response->status >= 500 || response->status == 429;
    if (answered && robots_parse(response->body.data ? response->body.data : "", response->body.len,
                                 crawl->settings->agent, &robots) != RS_OK)
        robots = NULL;
    else if (!answered)
        robots = robots_all(!unreachable);
    if (unreachable && response->err)
        crawl_note(crawl, RS_IO, "robots.txt of %.200s cannot be had: %.200s", host->origin, response->message);
    else if (unreachable)
        crawl_note(crawl, RS_IO, "robots.txt of %.200s cannot be had: status %ld", host->origin, response->status);
    if (!robots) {
        crawl_fail(crawl, RS_NOMEM, "out of memory");
        crawl_turn(crawl);
        return;
    }
    if (host == crawl->sitemap_host) {
        size_t n = 0;
        for (const char *text; (text = robots_sitemap(robots, n)); n++)
            if (url_resolve(host->origin, text, url) == RS_OK)
                crawl_add(crawl, url, ENTRY_SITEMAP, 0);
        if (n == 0 && url_resolve(host->origin, "/sitemap.xml", url) == RS_OK)
            crawl_add(crawl, url, ENTRY_SITEMAP, 0);
    }
    frontier_robots(&crawl->frontier, host, robots);
    crawl_turn(crawl);
}

/* --- pages and sitemaps --- */

static void follow_redirect(struct crawl *crawl, struct frontier_entry *entry, const char *where)
{
    char url[URL_TEXT_MAX + 1];
    bool page = entry->kind == ENTRY_PAGE;

    if (entry->redirects >= CRAWL_REDIRECTS_MAX) {
        crawl_failed(crawl, entry, "too many redirects");
        return;
    }
    if (url_resolve(entry->url, where, url) != RS_OK) {
        crawl_failed(crawl, entry, "redirects to what is no http or https address");
        return;
    }
    /* Where a start address has moved to is a start address; a link may not lead out by a redirect. */
    if (entry->depth == 0) {
        scrape_moved(crawl->settings, url);
    } else if (page && !scrape_wants(crawl->settings, url)) {
        crawl_skipped(crawl, entry, SKIP_REDIRECT);
        return;
    }
    snprintf(crawl->url, sizeof crawl->url, "%s", entry->url);
    enum rs_err err = frontier_redirect(&crawl->frontier, entry, url);
    if (err && err != RS_CONFLICT && err != RS_LIMIT)
        crawl_fail(crawl, err, "out of memory");
    else if (err && page)
        crawl->skipped[err == RS_CONFLICT ? SKIP_DUPLICATE : SKIP_LIMIT]++;
    crawl->on_change(crawl->ctx);
}

static void take_answer(struct crawl *crawl, struct frontier_entry *entry, struct http_response *response)
{
    char why[FAULT_MESSAGE_MAX];

    if (may_pass(response) && entry->attempts < crawl->settings->retries) {
        int64_t pause = pause_ms(crawl, response, entry->attempts++);
        frontier_again(&crawl->frontier, entry, clock_mono_ms(), pause);
        return;
    }
    if (!response->err && response->redirect && response->status >= 300 && response->status < 400) {
        follow_redirect(crawl, entry, response->redirect);
        return;
    }
    if (response->err) {
        /* What is said of the network is the whole's, too, when it is the settings' fault. */
        crawl_note(crawl, response->err, "%.200s: %s", entry->url, response->message);
        crawl_failed(crawl, entry, response->message);
    } else if (response->status < 200 || response->status > 299) {
        snprintf(why, sizeof why, "status %ld", response->status);
        crawl_failed(crawl, entry, why);
    } else if (response->truncated) {
        crawl_failed(crawl, entry,
                     entry->kind == ENTRY_PAGE ? "it is larger than maxBytes" : "the sitemap is too large");
    } else {
        reading_start(crawl, entry, &response->body, json_get_string(response->headers, "content-type", NULL));
    }
}

static void on_entry(void *ctx, struct http_response *response)
{
    struct fetch *fetch = ctx;
    struct crawl *crawl = fetch->crawl;
    struct frontier_entry *entry = fetch->entry;

    unlink_fetch(fetch);
    crawl->bytes += (int64_t)response->body.len;
    take_answer(crawl, entry, response);
    crawl_turn(crawl);
}

/* --- asking --- */

static enum rs_err ask(struct crawl *crawl, struct fetch *fetch, const char *url, struct fault *fault)
{
    const struct scrape_settings *s = crawl->settings;
    bool page = fetch->entry && fetch->entry->kind == ENTRY_PAGE;
    struct http_request request = {
        .url = url,
        .headers = s->headers,
        .follow = !fetch->entry, /* of robots.txt: RFC 9309, section 2.3.1.2 */
        .allow_private = crawl->allow_private,
        .reuse = true,
        .max_bytes = page           ? s->max_bytes
                     : fetch->entry ? CRAWL_SITEMAP_BYTES
                                    : ROBOTS_BYTES_MAX,
        .timeout_ms = s->timeout_ms,
    };
    return http_start(crawl->http, &request, fetch->entry ? on_entry : on_robots, fetch, &fetch->transfer, fault);
}

static struct fetch *new_fetch(struct crawl *crawl, struct frontier_entry *entry, struct frontier_host *host)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);

    if (!fetch)
        return NULL;
    fetch->crawl = crawl;
    fetch->entry = entry;
    fetch->host = host;
    fetch->next = crawl->fetches;
    fetch->prev = &crawl->fetches;
    if (fetch->next)
        fetch->next->prev = &fetch->next;
    crawl->fetches = fetch;
    crawl->n_fetches++;
    return fetch;
}

void fetch_entry(struct crawl *crawl, struct frontier_entry *entry)
{
    struct fetch *fetch = new_fetch(crawl, entry, entry->host);
    struct fault fault = {0};

    if (!fetch) {
        frontier_done(entry);
        crawl_fail(crawl, RS_NOMEM, "out of memory");
    } else if (ask(crawl, fetch, entry->url, &fault) != RS_OK) {
        unlink_fetch(fetch);
        crawl_failed(crawl, entry, fault.message);
    }
}

void fetch_robots(struct crawl *crawl, struct frontier_host *host)
{
    char url[URL_TEXT_MAX + 16];
    struct fetch *fetch = new_fetch(crawl, NULL, host);
    struct fault fault = {0};

    snprintf(url, sizeof url, "%s/robots.txt", host->origin);
    if (fetch && ask(crawl, fetch, url, &fault) == RS_OK)
        return;
    if (fetch)
        unlink_fetch(fetch);
    crawl_fail(crawl, RS_NOMEM, fetch ? fault.message : "out of memory");
}

void fetch_abort_all(struct crawl *crawl)
{
    while (crawl->fetches) {
        struct fetch *fetch = crawl->fetches;
        http_abort(fetch->transfer);
        if (fetch->entry)
            frontier_done(fetch->entry);
        unlink_fetch(fetch);
    }
}
