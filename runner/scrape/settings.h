/* settings - what a scrape node is told to do, checked. Threads read it at the same time: only what is for the main
 * thread alone changes after scrape_settings_new. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_SETTINGS_H
#define RUNSPOOL_RUNNER_SCRAPE_SETTINGS_H

#include "base/err.h"
#include "base/json.h"
#include "runner/scrape/urls.h"
#include <stdint.h>

#define SCRAPE_FIELDS_MAX 100
#define SCRAPE_LIST_MAX 100000     /* addresses in `urls` */
#define SCRAPE_PATTERNS_MAX 100    /* of include, exclude, hosts */
#define SCRAPE_NAME_MAX 128        /* bytes of a field's or artifact's name */
#define SCRAPE_AGENT "runspool"    /* product token: robots.txt is asked with it */
#define SCRAPE_PAGE_BYTES_MAX (32 * 1024 * 1024)

enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_URL, FIELD_HTML };

struct scrape_field {
    char name[SCRAPE_NAME_MAX + 1];
    char *xpath;   /* NULL: the page's address (::url) */
    bool list;     /* all values; else the first one that is not empty, or null */
    enum field_type type;
};
struct scrape_settings {
    char **starts; /* normalised addresses */
    size_t n_starts;
    char *sitemap; /* NULL: none. A site's root: what its robots.txt names, else /sitemap.xml */
    bool follow;
    char *item, *next, *links; /* XPath; NULL: none */
    struct scrape_field fields[SCRAPE_FIELDS_MAX];
    size_t n_fields; /* 0: url, title and text of each page */
    struct json_object *include, *exclude, *hosts; /* arrays of strings or NULL; read only through scrape_wants */
    struct json_object *start_hosts; /* a member for each host of starts and sitemap */
    char agent[SCRAPE_NAME_MAX + 1]; /* its product token */
    struct json_object *headers;
    int64_t max_pages, max_depth, concurrency, per_host, retries;
    int64_t delay_ms, timeout_ms, retry_ms, max_bytes;
    bool robots, csv;
    char artifact[SCRAPE_NAME_MAX + 1];
};

/* scrape_settings_new - from a node's evaluated data. name: the node's id, which the file of items is named after unless
 * `artifact` says otherwise. *ret: owned. Returns: RS_OK; RS_INVALID with words about what is
 * wrong; RS_LIMIT. Initialises libxml2 for threads. Main thread. */
enum rs_err scrape_settings_new(struct json_object *data, const char *name, struct scrape_settings **ret, struct fault *fault)
    RS_MUST_CHECK;
void scrape_settings_free(struct scrape_settings *settings); /* NULL is fine */
/* scrape_wants - may this address be followed to: is its host one of `hosts` (none given: of a start address), and do
 * include and exclude let it through? Main thread. */
bool scrape_wants(const struct scrape_settings *settings, const char *url);
/* scrape_moved - a start address turned out to be at url: its host counts as one of theirs. Main thread. */
void scrape_moved(struct scrape_settings *settings, const char *url);

#endif
