/* web - everything that is plain HTTP, by libmicrohttpd on our loop: SSE, long poll, /healthz, /metrics, and answers for
 * what does not exist. The front hands over sockets with a whole request head waiting. Their connections end with their
 * answer; polls whose connection stays open are kept's (kept.h). Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_WEB_H
#define RUNSPOOL_BRIDGE_WEB_H

#include "base/buf.h"
#include "bridge/exchange.h"
#include <sys/socket.h>

#define WEB_MEMORY_PER_CONNECTION (12 * 1024) /* must hold HTTP_HEAD_MAX and the answer's head */

struct web;
enum rs_err web_open(struct bridge *bridge, struct web **ret, struct fault *fault) RS_MUST_CHECK;
/* web_adopt - serve a connection by the library; fd is ours now. address: of the peer. */
void web_adopt(struct web *web, int fd, const struct sockaddr *address, socklen_t len);
/* web_kick - look at connections that were resumed, soon. */
void web_kick(struct web *web);
/* web_turns - of the answers that have much to send. web_has_many - so many requests were taken in this turn of the loop that the
 * next had better wait for the next one. */
struct turns *web_turns(struct web *web);
bool web_has_many(const struct web *web);
int web_n_connections(const struct web *web); /* kept's among them */
/* web_close - end everything; no connection of the library may be suspended. NULL is fine. */
void web_close(struct web *web);

/* For the doors: answer an exchange. Body: copied. */
enum MHD_Result web_answer(struct exchange *x, int status, const char *type, const char *body, size_t len);
enum MHD_Result web_answer_fault(struct exchange *x, const struct fault *fault);
/* web_answer_told - 200 with that, which is read where it is until the exchange ends. */
enum MHD_Result web_answer_told(struct exchange *x, struct told *told);
/* web_header - of a request to the library, NULL when absent. */
const char *web_header(const struct exchange *x, const char *name);
/* web_add_headers - what every answer of the library carries: no-store, Connection: close, CORS. */
void web_add_headers(struct exchange *x, struct MHD_Response *response);

#endif
