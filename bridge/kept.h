/* kept - polls on connections that are kept open between requests (HTTP/1.1: RFC 9112, section 9.3), so that a client that polls
 * in a loop, or a web server that does so for many, need not make one each time. Nothing is taken from the socket but the heads
 * of such requests: whatever else comes is handed back to the front, as if it had come first. So each request is parsed, admitted
 * and authorised by the same rules, and may be a WebSocket's handshake. The library reads on beyond a request, so its connections
 * end with their answer. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_KEPT_H
#define RUNSPOOL_BRIDGE_KEPT_H

#include "base/buf.h"
#include "bridge/exchange.h"

struct http_head;
struct kepts;

enum rs_err kepts_open(struct bridge *bridge, struct kepts **ret, struct fault *fault) RS_MUST_CHECK;
/* kepts_close - break those that are left; freed from the loop. NULL is fine. */
void kepts_close(struct kepts *all);
int kepts_count(const struct kepts *all); /* connections, those without a request among them */
/* kepts_run - go on with those that were resumed, or have another request. kepts_are_due - there are some, since. kepts_sweep - close
 * those that have been without one for limits.keepalive_time. kepts_drain - close all without one. */
void kepts_run(struct kepts *all);
bool kepts_are_due(const struct kepts *all);
void kepts_sweep(struct kepts *all);
void kepts_drain(struct kepts *all);

/* kept_take - a request has arrived, and is there to be read from fd: is it a poll's, without a body, by HTTP/1.1? Then fd is ours now.
 * false: the library's, and nothing has been read. */
bool kept_take(struct kepts *all, int fd, const struct http_head *head, const char *peer);

/* For exchange: of one that is kept. */
int kept_socket(const struct exchange *x);
void kept_resume(struct exchange *x);

/* For web_answer. kept_origin - of the request, or NULL. kept_answer - begin an answer: headers without the empty line may be appended
 * to what is returned. kept_send - and end it. told: the body, borrowed until the exchange ends; NULL: body, copied. */
const char *kept_origin(const struct exchange *x);
struct buf *kept_answer(struct exchange *x, int status, size_t len);
enum MHD_Result kept_send(struct exchange *x, const struct told *told, const char *body, size_t len);

#endif
