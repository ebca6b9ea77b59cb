/* listen - the public address of an instance. Name resolution may block. */
#ifndef RUNSPOOL_CLI_LISTEN_H
#define RUNSPOOL_CLI_LISTEN_H

#include "base/err.h"
#include <stdbool.h>

#define LISTEN_DEFAULT "127.0.0.1:8080"
#define LISTEN_HOST_MAX 256

struct listen_address {
    char host[LISTEN_HOST_MAX]; /* as given: a name, an IPv4 or an IPv6 address without brackets */
    char numeric[64];           /* after listen_open: the address bound */
    int port;                   /* 0: any; after listen_open the port bound */
};
/* listen_parse - "HOST:PORT", "[::1]:PORT", ":PORT" or "PORT" (these two on 127.0.0.1). RS_INVALID. */
enum rs_err listen_parse(const char *text, struct listen_address *ret, struct fault *fault) RS_MUST_CHECK;
/* listen_open - bind and listen (closed on exec). RS_CONFLICT: the port is in use; RS_DENIED; RS_INVALID: no such host.
 */
enum rs_err listen_open(struct listen_address *address, int *ret_fd, struct fault *fault) RS_MUST_CHECK;
/* listen_url - "http://127.0.0.1:8080", without a slash at its end; an address for all interfaces is shown as this
 * machine's loopback. listen_loopback - is it this machine only? listen_connect - a connection to it, -1 with errno. */
char *listen_url(const struct listen_address *address, bool tls, char url[LISTEN_HOST_MAX + 32]);
bool listen_loopback(const struct listen_address *address);
int listen_connect(const struct listen_address *address);

#endif
