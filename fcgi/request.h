/* request - a request, read and bounded: method, path below the install prefix, query, body. Used by one thread. */
#ifndef RUNSPOOL_FCGI_REQUEST_H
#define RUNSPOOL_FCGI_REQUEST_H

#include "base/buf.h"
#include "base/json.h"
#include "conf/config.h"
#include "exchange.h"
#include "http/access.h"
#include "http/query.h"

#define REQUEST_PATH_MAX 4096
#define REQUEST_DRAIN_MAX (16 * 1024 * 1024) /* bytes of a body that is too large which are read and thrown away */

struct request {
    struct exchange *exchange;     /* borrowed */
    const char *method;            /* borrowed from the exchange */
    char path[REQUEST_PATH_MAX];   /* decoded, from the root on */
    char prefix[REQUEST_PATH_MAX]; /* what stands before the root in the addresses we give out: "" or "/base" */
    struct query query;
    struct access_request access;
};
/* request_init - read the head. root: first segment of the program's paths, "/api". What is borrowed lives as long as the exchange. RS_INVALID: bad path or query. */
enum rs_err request_init(struct request *request, struct exchange *ex, const struct config *config, const char *root,
                         struct fault *fault) RS_MUST_CHECK;
void request_release(struct request *request);
/* request_header - by its CGI name ("HTTP_IDEMPOTENCY_KEY"); NULL when absent. */
const char *request_header(const struct request *request, const char *name);
/* request_body - read the body, at most max bytes. RS_LIMIT, RS_INVALID (cut off), RS_NOMEM. out is initialised here,
 * the caller releases it in every case. */
enum rs_err request_body(struct request *request, size_t max, struct buf *out, struct fault *fault) RS_MUST_CHECK;
/* request_parse_json - the body's text as one JSON object; an empty body gives NULL. RS_MEDIA_TYPE (not
 * application/json, nor, of PATCH, application/merge-patch+json), RS_INVALID, RS_UNPROCESSABLE (not an object). *ret: owned. */
enum rs_err request_parse_json(const struct request *request, const struct buf *body, struct json_object **ret,
                               struct fault *fault) RS_MUST_CHECK;
/* request_limit - the parameter `limit`: 1 to max, fallback when absent. RS_INVALID. */
enum rs_err request_limit(const struct request *request, int fallback, int max, int *ret,
                          struct fault *fault) RS_MUST_CHECK;

#endif
