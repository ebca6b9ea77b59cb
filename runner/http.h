/* http - HTTP requests on a libuv loop, by one libcurl multi handle. Only http and https, also after redirects; no
 * proxy from the environment, no netrc, no cookies. Unless a request allows private addresses, each address connected
 * to is checked after resolution, for redirects too. Threads: the loop's. Nothing blocks (libcurl resolves in a thread
 * of its own). */
#ifndef RUNSPOOL_RUNNER_HTTP_H
#define RUNSPOOL_RUNNER_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define HTTP_BODY_MAX (160 * 1024)   /* bytes kept of an answer, unless a request says otherwise; the rest is not read */
#define HTTP_HEADERS_MAX (32 * 1024) /* bytes of an answer's headers */
#define HTTP_REDIRECTS_MAX 10
#define HTTP_CONNECT_MS 20000

struct http_request {
    const char *url, *method;    /* method NULL: GET */
    struct json_object *headers; /* name: string, number or boolean; NULL: none */
    const char *body;            /* copied; NULL: none */
    size_t body_len;
    bool follow, allow_private;
    bool insecure; /* take any certificate */
    bool reuse;         /* take and leave an open connection, among requests with this set: only where allow_private is the
                         * same for all of them */
    size_t max_bytes;   /* of the body, uncompressed; 0: HTTP_BODY_MAX */
    int64_t timeout_ms; /* for all of it; 0: none but HTTP_CONNECT_MS */
    /* The body of an answer of status 200 to 299 goes here as it comes, any number of bytes, and is not kept; false ends
     * the transfer with RS_CLOSED. Gets the ctx of fn; must not call http_abort. NULL: the body is kept. */
    bool (*on_data)(void *ctx, const char *data, size_t len);
};
struct http_response {
    enum rs_err err;                 /* RS_OK: an answer came, of any status */
    char message[FAULT_MESSAGE_MAX]; /* of err; RS_DENIED: an address that is not allowed */
    long status;
    const char *url;             /* of the last request, after redirects */
    const char *address;         /* of who answered; "" when nobody was reached */
    const char *redirect;        /* where a redirect that was not followed leads, absolute; NULL: it is none */
    struct json_object *headers; /* lower-case names; several of a name are joined by ", "; borrowed */
    struct buf body;             /* as received; the receiver may buf_take */
    bool truncated;
    int64_t duration_ms;
};
typedef void http_fn(void *ctx, struct http_response *response);

struct http;
struct http_transfer;
enum rs_err http_new(uv_loop_t *loop, struct http **ret, struct fault *fault) RS_MUST_CHECK;
void http_free(
    struct http *http); /* no transfer is under way; the loop must run on for its handles to close; NULL is fine */
/* http_start - fn is called later, once. *ret is valid until then.
 * Returns: RS_OK, RS_INVALID (URL, method or header not acceptable), RS_NOMEM. */
enum rs_err http_start(struct http *http, const struct http_request *request, http_fn *fn, void *ctx,
                       struct http_transfer **ret, struct fault *fault) RS_MUST_CHECK;
/* http_abort - end it; fn is not called. */
void http_abort(struct http_transfer *transfer);

#endif
