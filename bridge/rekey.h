/* rekey - keys of tokens at addresses, asked for on a thread of libuv's so that the loop never waits for them.
 * Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_REKEY_H
#define RUNSPOOL_BRIDGE_REKEY_H

#include "base/err.h"
#include "conf/config.h"

struct bridge;
/* rekey_open - read the settings and key files in force (bridge->config) into bridge->auth. RS_INVALID: FILE:LINE. */
enum rs_err rekey_open(struct bridge *bridge, struct fault *fault) RS_MUST_CHECK;
/* rekey_change - the settings have changed: the same with config, which becomes bridge->config. After an error all is as
 * it was. */
enum rs_err rekey_change(struct bridge *bridge, struct config *config, struct fault *fault) RS_MUST_CHECK;
/* rekey_watch - have fn called whenever keys were asked for. fn NULL: no longer. */
typedef void rekey_fn(void *ctx);
void rekey_watch(struct bridge *bridge, rekey_fn *fn, void *ctx);
/* rekey_begin - ask for keys. One at a time: while it runs this does nothing. */
void rekey_begin(struct bridge *bridge);
/* rekey_tick - once a second: keys that have become old are asked for again. */
void rekey_tick(struct bridge *bridge);
void rekey_free(struct bridge *bridge); /* after the loop has ended */

#endif
