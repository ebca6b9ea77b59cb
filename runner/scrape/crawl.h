/* crawl - a scrape at work: asks for the pages of its frontier, has them read on libuv's threads, takes their items
 * and links. crawl.c decides what is next, fetch.c talks to sites, reading.c hands pages to the threads. Threads: the
 * loop's. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_CRAWL_H
#define RUNSPOOL_RUNNER_SCRAPE_CRAWL_H

#include "runner/http.h"
#include "runner/scrape/frontier.h"
#include "runner/scrape/itemfile.h"
#include "runner/scrape/page.h"

#define CRAWL_REDIRECTS_MAX 10
#define CRAWL_SITEMAP_DEPTH_MAX 3               /* indexes of indexes */
#define CRAWL_SITEMAP_BYTES (16 * 1024 * 1024)  /* as sent */
#define CRAWL_RETRY_AFTER_MAX_MS (120 * 1000)
#define CRAWL_ERRORS_MAX 20                     /* kept for the output */
#define CRAWL_SAMPLE_MAX 10                     /* items kept for the output and events, shortened */
#define CRAWL_SAMPLE_BYTES (48 * 1024)          /* of them */

/* Why an address was not asked for, or its answer not used. */
enum crawl_skip { SKIP_ROBOTS, SKIP_LIMIT, SKIP_TRAP, SKIP_REDIRECT, SKIP_TYPE, SKIP_DUPLICATE, N_SKIPS };
extern const char *const crawl_skip_names[N_SKIPS];

struct fetch;
struct crawl {
    struct scrape_settings *settings; /* owned */
    struct http *http;
    uv_loop_t *loop;
    bool allow_private;
    struct frontier frontier;
    struct itemfile items;
    uv_timer_t *timer; /* closes by itself */
    struct fetch *fetches;
    int n_fetches, n_reading;
    atomic_bool stop;
    bool ended, in_turn;
    struct frontier_host *sitemap_host; /* whose robots.txt names the sitemaps; NULL: none */
    struct map contents;                /* hashes of the pages read */
    /* How far it is. */
    int64_t begun, pages, failed, skipped[N_SKIPS], bytes;
    char url[URL_TEXT_MAX + 1]; /* of the last page */
    struct json_object *sample, *errors; /* first items; first {url,error} */
    size_t sample_bytes;
    enum rs_err err;                     /* of the whole: RS_IO, RS_LIMIT (artifact), RS_CLOSED (stopped) */
    struct fault fault;                  /* of err; while it is RS_OK: the first thing that went wrong */
    void (*on_change)(void *ctx); /* a page ended */
    void (*on_end)(void *ctx);    /* once, later than crawl_start, and last: nothing is under way any more */
    void *ctx;
};
/* crawl_new - settings: moved in, also on failure. folder: for the items. *ret: owned, crawl_free after on_end, or
 * before crawl_start. */
enum rs_err crawl_new(struct scrape_settings *settings, struct http *http, uv_loop_t *loop, const char *folder,
                      int64_t max_bytes, struct crawl **ret, struct fault *fault) RS_MUST_CHECK;
void crawl_start(struct crawl *crawl);
/* crawl_stop - end now: requests are dropped; on_end follows once no thread reads a page any more, with err RS_CLOSED. */
void crawl_stop(struct crawl *crawl);
void crawl_free(struct crawl *crawl); /* NULL is fine */
/* crawl_percent - 0 to 99, and 100 when it has ended. What is known of the site grows, so it may go back: callers keep
 * the highest. */
int crawl_percent(const struct crawl *crawl);

/* --- between the files of the crawl --- */

/* crawl_turn - look at what is next; ends the crawl when nothing is. */
void crawl_turn(struct crawl *crawl);
/* crawl_add - an address found on a page or in a sitemap. */
void crawl_add(struct crawl *crawl, const char *url, enum entry_kind kind, int depth);
/* crawl_read, crawl_failed, crawl_skipped - how an entry ended; each frees it. why: for people. */
void crawl_read(struct crawl *crawl, struct frontier_entry *entry);
void crawl_failed(struct crawl *crawl, struct frontier_entry *entry, const char *why);
void crawl_skipped(struct crawl *crawl, struct frontier_entry *entry, enum crawl_skip why);
/* crawl_note - remember the first thing that went wrong. */
void crawl_note(struct crawl *crawl, enum rs_err err, const char *fmt, ...) RS_PRINTF(3, 4);
/* crawl_fail - the whole cannot go on. */
void crawl_fail(struct crawl *crawl, enum rs_err err, const char *message);

/* fetch_entry, fetch_robots - ask; the answer goes its way. fetch_abort_all - drop all requests. */
void fetch_entry(struct crawl *crawl, struct frontier_entry *entry);
void fetch_robots(struct crawl *crawl, struct frontier_host *host);
void fetch_abort_all(struct crawl *crawl);

/* reading_start - have the body (taken) of an entry read by a thread, then use what it gives. */
void reading_start(struct crawl *crawl, struct frontier_entry *entry, struct buf *body, const char *content_type);

#endif
