/* remote - JWK sets at an http or https address, kept in DIR/keys so that every process of the instance shares one copy
 * and one budget of requests. An answer takes the place of the copy only when it holds keys. Any thread. */
#ifndef RUNSPOOL_AUTH_REMOTE_H
#define RUNSPOOL_AUTH_REMOTE_H

#include "conf/datadir.h"
#include <stdbool.h>
#include <stdint.h>

#define REMOTE_STALE_MS (24 * 60 * 60 * 1000)  /* a copy older than that is believed no more */
#define REMOTE_SKEW_MS (5 * 60 * 1000)         /* one that is younger than now by more is of any age */
#define REMOTE_TRIES_MAX 10                    /* requests in */
#define REMOTE_WINDOW_MS (60 * 1000)           /* that time, whoever asks for what key */
#define REMOTE_TIMEOUT_MS 5000                 /* of one request */

/* remote_is - is it an address rather than a file? */
bool remote_is(const char *name);
/* remote_copy_path - where the copy is. Returns path. */
char *remote_copy_path(const struct datadir *dd, const char *url, char path[PATH_MAX]);
/* remote_age_ms - of the copy; INT64_MAX when there is none. */
int64_t remote_age_ms(const struct datadir *dd, const char *url);
/* remote_may_ask - is there a request left in the budget? */
bool remote_may_ask(const struct datadir *dd, const char *url);
/* remote_refresh - fetch, unless another process has done so since began_ms (wall clock) or the budget is spent. Blocks
 * for REMOTE_TIMEOUT_MS, or twice that beside another process. RS_OK: the copy is newer than began_ms; else the old copy
 * is as it was: RS_BUSY (budget), RS_IO (no answer, or none with keys). */
enum rs_err remote_refresh(const struct datadir *dd, const char *url, int64_t began_ms,
                           struct fault *fault) RS_MUST_CHECK;

#endif
