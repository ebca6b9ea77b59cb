/* robots - robots.txt, RFC 9309: the groups of our user agent (else of *), the longest matching rule decides, Allow
 * before Disallow when equally long; * and $ in paths. Besides, Crawl-delay and Sitemap lines, which the RFC leaves to
 * others. Threads: one at a time. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_ROBOTS_H
#define RUNSPOOL_RUNNER_SCRAPE_ROBOTS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROBOTS_BYTES_MAX (500 * 1024) /* RFC 9309, section 2.5: at least so much is read; the rest is not */
#define ROBOTS_RULES_MAX 10000
#define ROBOTS_SITEMAPS_MAX 100

struct robots;
/* robots_parse - text: any bytes. agent: our product token ("runspool"). *ret: owned. RS_OK, RS_NOMEM. */
enum rs_err robots_parse(const char *text, size_t len, const char *agent, struct robots **ret) RS_MUST_CHECK;
/* robots_all - rules for a site whose robots.txt is not there (all is allowed, section 2.3.1.3), or cannot be had for a
 * reason that is the site's (nothing is, 2.3.1.4). Owned; NULL: out of memory. */
struct robots *robots_all(bool allowed);
void robots_free(struct robots *robots); /* NULL is fine */
/* robots_allow - may the agent ask for this path and query (as url_path gives it)? For /robots.txt always. */
bool robots_allow(const struct robots *robots, const char *path);
/* robots_delay_ms - Crawl-delay of the agent's group; 0: none. */
int64_t robots_delay_ms(const struct robots *robots);
/* robots_sitemap - address of the i-th Sitemap line as it stands there, borrowed; NULL: no more. */
const char *robots_sitemap(const struct robots *robots, size_t i);

#endif
