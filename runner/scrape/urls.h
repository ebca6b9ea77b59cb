/* urls - the addresses a scrape meets: resolved, normalised (RFC 3986, section 6), matched. Pure functions, any thread.
 */
#ifndef RUNSPOOL_RUNNER_SCRAPE_URLS_H
#define RUNSPOOL_RUNNER_SCRAPE_URLS_H

#include "base/err.h"
#include <stdbool.h>

#define URL_TEXT_MAX 2048     /* bytes of an address; longer ones are no pages */
#define URL_SEGMENTS_MAX 32   /* parts of a path */
#define URL_REPEATS_MAX 3     /* how often one part may be in a path */
#define URL_PARAMETERS_MAX 24 /* of a query */

/* url_resolve - a reference found on the page `base` (NULL: it must be absolute) as an absolute http or https address,
 * normalised: scheme and host in lower case, no default port, no "." and "..", no fragment, no user, percent encoding
 * where needed and with upper-case digits. White space around it is ignored. out: URL_TEXT_MAX + 1 bytes.
 * Returns: RS_OK; RS_INVALID (no URL, or of another scheme), RS_LIMIT (too long), RS_NOMEM; out is "" then. */
enum rs_err url_resolve(const char *base, const char *reference, char out[URL_TEXT_MAX + 1]) RS_MUST_CHECK;
/* The rest take what url_resolve gave. */
/* url_key - what is equal for two addresses of one page: parameters sorted, empty ones ("&&") left out. */
void url_key(const char *url, char out[URL_TEXT_MAX + 1]);
/* url_origin - "https://host:port" without a default port. */
void url_origin(const char *url, char out[URL_TEXT_MAX + 1]);
/* url_host - its host, without a port. */
void url_host(const char *url, char out[URL_TEXT_MAX + 1]);
/* url_path - the path and query, borrowed; never empty: at least "/". */
const char *url_path(const char *url);
/* url_matches - a pattern with * for any run of characters, against the path and query when it begins with "/", else
 * against the whole address. Takes at most the product of both lengths. */
bool url_matches(const char *pattern, const char *url);
/* url_host_allowed - is host equal to `allowed`, or below it when that begins with "*."? Without regard to case. */
bool url_host_allowed(const char *allowed, const char *host);
/* url_is_trap - does the address look made up without end: too many parts, one part again and again, too many
 * parameters? */
bool url_is_trap(const char *url);
/* url_is_file - does the path end like something that is no page: pictures, archives, programs, media, documents? */
bool url_is_file(const char *url);

#endif
