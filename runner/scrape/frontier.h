/* frontier - the addresses still to be asked for, by host: which one may be next, and when. Each address is taken once.
 * Time is given by the caller (monotonic ms). Pure but for its memory; one thread. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_FRONTIER_H
#define RUNSPOOL_RUNNER_SCRAPE_FRONTIER_H

#include "base/map.h"
#include "runner/scrape/robots.h"
#include "runner/scrape/urls.h"
#include <stdint.h>

#define FRONTIER_URLS_MAX 500000                  /* addresses ever seen */
#define FRONTIER_BYTES_MAX (64 * 1024 * 1024)     /* of them */
#define FRONTIER_HOSTS_MAX 1000
#define FRONTIER_DELAY_MAX_MS (60 * 1000)         /* a longer Crawl-delay is taken for this */

enum entry_kind { ENTRY_PAGE, ENTRY_SITEMAP };
enum host_robots { HOST_UNKNOWN, HOST_ASKED, HOST_KNOWN };

struct frontier_host {
    char *origin;
    enum host_robots state;
    struct robots *robots; /* NULL until known, or when they are not looked at */
    bool wanted;           /* its robots.txt is wanted without any page of it */
    int robots_attempts;
    int active;
    int64_t delay_ms, next_ms; /* between the beginnings of two requests; when the next one may begin */
    struct frontier_entry *first, **last;
};
struct frontier_entry {
    struct frontier_entry *next;
    struct frontier_host *host;
    enum entry_kind kind;
    int depth;     /* links followed from a start; of a sitemap: how many indexes led to it */
    int redirects; /* that led to it */
    int attempts;  /* made so far */
    bool counted;  /* among the pages begun */
    int64_t not_before_ms;
    char url[];
};
struct frontier {
    struct map seen, beyond; /* by url_key */
    size_t n_seen, n_beyond, n_bytes;
    struct frontier_host **hosts;
    int n_hosts, turn;
    size_t n_queued; /* pages and sitemaps that wait */
    int per_host;
    int64_t delay_ms;
    bool obey;
};

/* frontier_init - obey: robots.txt is asked for and followed. per_host: requests to one host at a time; where there is a
 * delay, one. */
void frontier_init(struct frontier *f, int per_host, int64_t delay_ms, bool obey);
void frontier_release(struct frontier *f);

/* frontier_add - at the end of its host's queue. Returns: RS_OK; RS_CONFLICT (seen before), RS_LIMIT (too many), RS_NOMEM.
 */
enum rs_err frontier_add(struct frontier *f, const char *url, enum entry_kind kind, int depth) RS_MUST_CHECK;
/* frontier_knows - was the address seen? frontier_mark - make it so, without asking for it. Returns: it is new. */
bool frontier_knows(const struct frontier *f, const char *url);
bool frontier_mark(struct frontier *f, const char *url);
/* frontier_beyond - the address is deeper than asked for. It counts in n_beyond, unless it is added after all because
 * another way to it is shorter. */
void frontier_beyond(struct frontier *f, const char *url);
/* frontier_want_robots - have robots.txt of the address's host asked for, though no page of it may be. */
enum rs_err frontier_want_robots(struct frontier *f, const char *url, struct frontier_host **ret) RS_MUST_CHECK;

enum frontier_next {
    FRONTIER_WAIT,    /* nothing now: something in *ret_wait_ms, or when a request ends (-1) */
    FRONTIER_ENTRY,   /* ask for *ret_entry: it is the caller's until _done, _again or _redirect */
    FRONTIER_REFUSED, /* robots.txt forbids *ret_entry: frontier_drop it */
    FRONTIER_ROBOTS,  /* ask for robots.txt of *ret_host; its state is HOST_ASKED now */
};
enum frontier_next frontier_next(struct frontier *f, int64_t now_ms, struct frontier_entry **ret_entry,
                                 struct frontier_host **ret_host, int64_t *ret_wait_ms);
/* frontier_robots_again - it could not be had: ask once more after pause_ms. frontier_robots - it is known; moved in. */
void frontier_robots_again(struct frontier_host *host, int64_t now_ms, int64_t pause_ms);
void frontier_robots(struct frontier *f, struct frontier_host *host, struct robots *robots);
/* frontier_done - the request ended; the entry is freed. frontier_drop - there was none. */
void frontier_done(struct frontier_entry *entry);
void frontier_drop(struct frontier_entry *entry);
/* frontier_again - ask once more for the entry, and for nothing else of its host, after pause_ms. */
void frontier_again(struct frontier *f, struct frontier_entry *entry, int64_t now_ms, int64_t pause_ms);
/* frontier_redirect - the answer was: it is at url. The new address goes first at its host; the entry is freed.
 * Returns as frontier_add. */
enum rs_err frontier_redirect(struct frontier *f, struct frontier_entry *entry, const char *url) RS_MUST_CHECK;
/* frontier_forget - drop all that wait and have not been begun (counted). Returns how many of them were pages. */
size_t frontier_forget(struct frontier *f);

#endif
