/* page - from a page's bytes to its items and links. Any thread, any number at once: it reads the settings and nothing
 * else that is shared. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_PAGE_H
#define RUNSPOOL_RUNNER_SCRAPE_PAGE_H

#include "base/buf.h"
#include "runner/scrape/settings.h"
#include <stdatomic.h>

#define PAGE_LINKS_MAX 20000
#define PAGE_ITEMS_BYTES_MAX (16 * 1024 * 1024) /* of one page's values */

struct page {
    struct json_object *items; /* array of objects, with the fields in their order */
    char **links;              /* normalised addresses, each once or more */
    size_t n_links;
    char *next;                /* address of the next page; NULL: none */
    uint64_t hash;             /* of the body: two pages with one hash have the same content */
};
/* page_read - content_type: the header, NULL: none. stop: may become true from outside; then RS_CLOSED follows soon.
 * Returns: RS_OK; RS_MEDIA_TYPE (it is no page, but a picture or the like), RS_NOT_FOUND (empty), RS_LIMIT (too deep,
 * takes too long, too many items), RS_CLOSED, RS_NOMEM, RS_INVALID (a selector cannot be evaluated). page: filled in,
 * page_release in any case. */
enum rs_err page_read(const struct scrape_settings *settings, const char *url, const char *content_type,
                      const char *body, size_t len, const atomic_bool *stop, struct page *page, struct fault *fault)
    RS_MUST_CHECK;
void page_release(struct page *page);

#endif
