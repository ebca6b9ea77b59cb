/* webprobe - one HTTP/1.1 request as a browser's would arrive, read only as far as wanted: what a web server holds back, cuts
 * or refuses is to be seen, so nothing is retried, decoded or followed. Blocks; main thread. */
#ifndef RUNSPOOL_CLI_WEBPROBE_H
#define RUNSPOOL_CLI_WEBPROBE_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_TEXT_MAX 32768
#define PROBE_HEADER_MAX 256

struct webprobe_request {
    const char *path;    /* below the base URL, "/ws" */
    const char *headers; /* more of them, each ending with CRLF; NULL */
    const char *until;   /* enough when the body holds this text; NULL: the head is enough */
    int timeout_ms;
};
struct webprobe {
    int status; /* 0: no head came in time */
    bool found; /* `until` came */
    bool ended; /* the server closed before that */
    int64_t took_ms;
    size_t len;
    const char *body;          /* in text, "" */
    char text[PROBE_TEXT_MAX]; /* head and body as they came, as much as fits */
};

/* webprobe_ask - ask. base: http(s)://host[:port][/path]. Returns: RS_OK also when nothing or something else came; RS_CLOSED:
 * nobody listens there; RS_INVALID: no such address or a certificate that does not hold; RS_NOT_FOUND: no libcurl. */
enum rs_err webprobe_ask(const char *base, const struct webprobe_request *request, struct webprobe *ret, struct fault *fault) RS_MUST_CHECK;
/* webprobe_header - a header's value into out, cut to fit; "" when it is absent. Returns out. */
const char *webprobe_header(const struct webprobe *probe, const char *name, char out[PROBE_HEADER_MAX]);

#endif
