/* listener - a listening socket on the loop. Pauses accepting while the process is out of file descriptors or over a
 * limit, instead of spinning. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_LISTENER_H
#define RUNSPOOL_BRIDGE_LISTENER_H

#include "base/err.h"
#include <stdbool.h>
#include <uv.h>

#define LISTENER_PAUSE_MS 100
#define LISTENER_LOOK_MS 1000   /* between looks whether a Unix socket's file is still there */
#define LISTENER_ACCEPTS_MAX 64 /* connections taken in one turn of the loop */

struct listener;
/* on_accept: fd is non-blocking and close-on-exec, now the callee's. peer: "unix" or a numeric address. */
typedef void listener_fn(void *ctx, int fd, const char *peer);
/* room - how many more connections may be accepted now. NULL: no limit. */
typedef int listener_room_fn(void *ctx);

/* listener_open - address: "unix:PATH" (mode 0660; a stale socket is replaced, and ours is made again when its file
 * is removed) or "HOST:PORT" ("[::1]:80" for IPv6). *ret: owned, listener_close. Returns: RS_OK, RS_INVALID (address), RS_IO (message says why). */
enum rs_err listener_open(uv_loop_t *loop, const char *address, listener_fn *on_accept, listener_room_fn *room, void *ctx,
                          struct listener **ret, struct fault *fault) RS_MUST_CHECK;
/* listener_limit_silence - of connections accepted from now on the kernel gives up those whose peer acknowledges nothing for so
 * long (RFC 5482): it vanished without a word. Of TCP. */
void listener_limit_silence(struct listener *l, unsigned ms);
/* listener_close - stop accepting, remove a Unix socket's file; freed from the loop. NULL is fine. */
void listener_close(struct listener *l);
/* listener_peer_allowed - may the process at the other end of a Unix socket (SO_PEERCRED, SO_PEERGROUPS) emit: root,
 * our own user, or a member of the group gid? */
bool listener_peer_allowed(int fd, gid_t gid);

#endif
