/* http - as much of HTTP/1.1 (RFC 9112) as a client under load needs. Pure functions. */
#ifndef DELIVERY_HTTP_H
#define DELIVERY_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_head {
    size_t len; /* of status line and headers, with the empty line */
    int status;
    bool chunked, closing;
    uint64_t body_len; /* Content-Length, 0 without */
};
struct http_chunks { /* the place in a chunked body; zeroed at its beginning */
    int part;
    uint64_t left;
};

/* http_head - false while the head has not arrived whole. */
bool http_head(const char *text, size_t len, struct http_head *ret);
/* http_field - the value of a header within a head; *ret_len 0 when it is not there. */
const char *http_field(const char *text, const struct http_head *head, const char *name, size_t *ret_len);
/* http_unchunk - decode in place. *ret_used: how much was taken. Returns the length of the decoded. */
size_t http_unchunk(struct http_chunks *c, char *text, size_t len, size_t *ret_used);
/* http_chunks_ended - the last chunk and what follows it were taken. */
bool http_chunks_ended(const struct http_chunks *c);

#endif
