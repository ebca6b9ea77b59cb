/* signals - has the worker compute how crews stand (model/crew.h): once a second, and soon after a run of a crew has begun
 * or ended. What has changed comes back as events. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_SIGNALS_H
#define RUNSPOOL_BRIDGE_SIGNALS_H

#include "base/err.h"
#include "event/event.h"

struct bridge;
struct signals;
/* signals_open - begins at once; the worker has been started. */
enum rs_err signals_open(struct bridge *bridge, struct signals **ret, struct fault *fault) RS_MUST_CHECK;
/* signals_look - events that were published; borrowed. */
void signals_look(struct signals *s, struct event *const *events, int n);
/* signals_close - once the worker is over; freed from the loop. NULL is fine. */
void signals_close(struct signals *s);

#endif
