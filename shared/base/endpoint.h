/* endpoint - the address of an OpenAI-compatible model endpoint: as people configure it, as it is asked, as it is
 * shown. Nothing here shows a key. Any thread. */
#ifndef RUNSPOOL_BASE_ENDPOINT_H
#define RUNSPOOL_BASE_ENDPOINT_H

#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_URL_MAX 2048
#define ENDPOINT_SHOWN_MAX 200 /* a longer one is cut */
#define ENDPOINT_RETRY_AFTER_MAX_S 86400

/* endpoint_url - the address of a call ("chat/completions", "models"). base may be a host alone, end with /v1 or
 * another path, or be the whole address of chat/completions: "http://h:1" gives http://h:1/v1/models. RS_INVALID: not
 * http(s), or too long. */
enum rs_err endpoint_url(const char *base, const char *call, char ret[ENDPOINT_URL_MAX],
                         struct fault *fault) RS_MUST_CHECK;
/* endpoint_shown - base without user, password and query, for messages. Returns out. */
char *endpoint_shown(const char *base, char out[ENDPOINT_SHOWN_MAX]);
/* endpoint_hide - replace the secret wherever it stands in text by ***. secret may be NULL; one shorter than 4 bytes
 * hides nothing. text gets no longer. */
void endpoint_hide(char *text, const char *secret);
/* endpoint_retry_after_ms - what a Retry-After header asks for (RFC 9110, section 10.2.3: seconds, or an HTTP date);
 * -1: it is missing or makes no sense. now_ms: wall clock. Longer than ENDPOINT_RETRY_AFTER_MAX_S is given as that. */
int64_t endpoint_retry_after_ms(const char *value, int64_t now_ms);

#endif
