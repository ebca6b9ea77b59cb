/* views - the names of streams under which an event shows: its home, its tags, and the views over them.
 * The same rules as eventlog_read's. Pure function, any thread. */
#ifndef RUNSPOOL_BRIDGE_VIEWS_H
#define RUNSPOOL_BRIDGE_VIEWS_H

#include "event/event.h"

typedef void views_fn(void *ctx, const char *name);
/* views_each - call fn for every name; a name may come twice. */
void views_each(const struct home *home, views_fn *fn, void *ctx);

#endif
