/* fastcgi - requests from a FastCGI socket through libfcgi, such that waiting for one can be ended at any time and a
 * request in hand never is. One struct fastcgi per thread; all share the listening socket. */
#ifndef RUNSPOOL_FCGI_FASTCGI_H
#define RUNSPOOL_FCGI_FASTCGI_H

#include "base/err.h"
#include "exchange.h"

struct fastcgi;

/* fastcgi_init - once, before threads. Makes the socket non-blocking. false with errno. */
bool fastcgi_init(int listen_fd);
/* fastcgi_new - stop_fd: readable means end. *ret: owned, fastcgi_free. */
enum rs_err fastcgi_new(int listen_fd, int stop_fd, struct fastcgi **ret, struct fault *fault) RS_MUST_CHECK;
void fastcgi_free(struct fastcgi *fastcgi);
/* fastcgi_accept - wait at most timeout_ms (-1: for ever) for a request. RS_OK: *ret is it, until fastcgi_finish;
 * RS_TIMEOUT: none came; RS_CLOSED: the program is to end. */
enum rs_err fastcgi_accept(struct fastcgi *fastcgi, int timeout_ms, struct exchange *ret) RS_MUST_CHECK;
void fastcgi_finish(struct fastcgi *fastcgi);

#endif
