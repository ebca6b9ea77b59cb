/* exchange - one request as the web server hands it over, FastCGI and plain CGI alike (RFC 3875): variables in, a body
 * to read, a response to write. Used by one thread. */
#ifndef RUNSPOOL_FCGI_EXCHANGE_H
#define RUNSPOOL_FCGI_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct exchange {
    /* A variable ("REQUEST_METHOD"); NULL when absent. Borrowed until the exchange ends. */
    const char *(*param)(const struct exchange *ex, const char *name);
    /* Up to len bytes of the body: how many, 0 at its end, -1 when the web server went away. Blocks. */
    ssize_t (*read)(struct exchange *ex, char *out, size_t len);
    /* All of it, or false when nobody listens any more. Blocks. */
    bool (*write)(struct exchange *ex, const char *data, size_t len);
    /* One line without newline for the web server's error log. */
    void (*log)(struct exchange *ex, const char *line);
    bool has_end; /* read tells where the body ends (FastCGI); else only CONTENT_LENGTH does */
    void *ctx;
};

#endif
