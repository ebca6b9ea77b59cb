/* drain - the way out: take no more, commit what has arrived, tell clients to come back, then end. Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_DRAIN_H
#define RUNSPOOL_BRIDGE_DRAIN_H

struct bridge;
#define DRAIN_SPREAD_MS 3000 /* clients come back within that time, not all at once */

/* drain_begin - on SIGTERM. drain_clients - the writer has committed everything: end the clients; when the last has gone,
 * or bridge.drain is over, the parts are closed and the loop comes to its end. */
void drain_begin(struct bridge *bridge);
void drain_clients(struct bridge *bridge);

#endif
