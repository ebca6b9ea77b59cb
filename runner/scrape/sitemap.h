/* sitemap - addresses from sitemaps (sitemaps.org 0.9): urlset, sitemapindex, or text with one address a line; gzip
 * or not. Read as it streams by, without a tree: memory does not grow with its size. Any thread. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_SITEMAP_H
#define RUNSPOOL_RUNNER_SCRAPE_SITEMAP_H

#include "base/err.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define SITEMAP_BYTES_MAX (64 * 1024 * 1024) /* uncompressed; the protocol says 50 MB */
#define SITEMAP_URLS_MAX 50000               /* of one sitemap, as the protocol says */

/* sitemap_fn - an address as it stands there, white space around it taken off. index: it is of another sitemap. false:
 * no more are wanted. */
typedef bool sitemap_fn(void *ctx, const char *url, bool index);
/* sitemap_read - Returns: RS_OK, also when only the beginning could be read and gave addresses; RS_INVALID (no sitemap,
 * broken gzip, a document type, which could hold bombs), RS_LIMIT (too many bytes), RS_CLOSED (stop), RS_NOMEM. */
enum rs_err sitemap_read(const char *body, size_t len, const atomic_bool *stop, sitemap_fn *fn, void *ctx,
                         struct fault *fault) RS_MUST_CHECK;

#endif
