/* web - everything that is plain HTTP, by libmicrohttpd on our loop: SSE, long poll, /healthz, /metrics, and answers for
 * what does not exist. The front hands over sockets with a whole request head waiting. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_WEB_H
#define RUNSPOOL_BRIDGE_WEB_H

#include "base/buf.h"
#include "bridge/exchange.h"
#include <sys/socket.h>

#define WEB_MEMORY_PER_CONNECTION (12 * 1024) /* must hold HTTP_HEAD_MAX and the answer's head */

struct web;
enum rs_err web_open(struct bridge *bridge, struct web **ret, struct fault *fault) RS_MUST_CHECK;
/* web_adopt - serve a connection; fd is ours now. address: of the peer. */
void web_adopt(struct web *web, int fd, const struct sockaddr *address, socklen_t len);
/* web_kick - look at connections that were resumed, soon. */
void web_kick(struct web *web);
int web_n_connections(const struct web *web);
/* web_close - end everything; no connection may be suspended. NULL is fine. */
void web_close(struct web *web);

/* web_sweep - once a second. web_drain - end the connections that are kept open without a request. */
void web_sweep(struct web *web);
void web_drain(struct web *web);

/* For the doors: answer an exchange. Body: copied. */
enum MHD_Result web_answer(struct exchange *x, int status, const char *type, const char *body, size_t len);
enum MHD_Result web_answer_fault(struct exchange *x, const struct fault *fault);
/* web_answer_told - 200 with that, which is read where it is until the exchange ends. */
enum MHD_Result web_answer_told(struct exchange *x, struct told *told);
/* web_header - of the request, NULL when absent. */
const char *web_header(const struct exchange *x, const char *name);
/* web_add_headers - what every answer carries but those of polls, which may leave the connection open: no-store, Connection: close,
 * CORS. */
void web_add_headers(struct exchange *x, struct MHD_Response *response);

#endif
