/* http_head - the head of one HTTP/1.x request (RFC 9112), cut into slices of the caller's bytes. Accepts what both of
 * our back ends accept and nothing that two parsers could read differently. Pure functions, any thread. */
#ifndef RUNSPOOL_BRIDGE_HTTP_HEAD_H
#define RUNSPOOL_BRIDGE_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX 8192     /* bytes of a request line and its headers, with the empty line */
#define HTTP_HEADERS_MAX 64

struct slice {
    const char *at; /* not NUL-terminated; NULL: absent */
    size_t len;
};

struct http_head {
    struct slice method, path, query; /* path and query as sent, not decoded; query.at is NULL without '?' */
    int minor;                        /* HTTP/1.minor */
    size_t len;                       /* bytes of the whole head */
    struct { struct slice name, value; } headers[HTTP_HEADERS_MAX];
    int n_headers;
};

enum http_head_result { HTTP_HEAD_OK, HTTP_HEAD_INCOMPLETE, HTTP_HEAD_BAD, HTTP_HEAD_TOO_LONG };

/* http_head_parse - look at the first bytes of a connection. *ret is filled in for HTTP_HEAD_OK only and borrows text.
 * HTTP_HEAD_BAD: can never become a request; HTTP_HEAD_TOO_LONG: over HTTP_HEAD_MAX or HTTP_HEADERS_MAX. */
enum http_head_result http_head_parse(const char *text, size_t len, struct http_head *ret);

/* http_head_get - the value of the first header of that name (any case), at NULL when absent. */
struct slice http_head_get(const struct http_head *head, const char *name);
/* http_head_join - all of that name as one list, in their order, "" when absent (RFC 9110, section 5.3). false (and "") when it
 * does not fit. */
bool http_head_join(const struct http_head *head, const char *name, char *out, size_t out_size);
/* http_head_has_token - does a comma-separated header (all its lines) hold the token, any case? */
bool http_head_has_token(const struct http_head *head, const char *name, const char *token);
/* http_head_is_websocket - GET with Upgrade: websocket and Connection: upgrade (RFC 6455, section 4.1). */
bool http_head_is_websocket(const struct http_head *head);

/* slice_is - equal to text, any case. slice_copy - into out with a NUL; false (and "") when it does not fit. */
bool slice_is(struct slice s, const char *text);
bool slice_copy(struct slice s, char *out, size_t out_size);

#endif
