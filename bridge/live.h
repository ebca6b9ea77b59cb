/* live - what happens now goes before what can wait: in the midst of long work, of which a turn of the loop may have much (replays,
 * what waits for those that lag, a thousand requests at once), one looks whether there are events, and they are committed and
 * delivered. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_LIVE_H
#define RUNSPOOL_BRIDGE_LIVE_H

#define LIVE_LOOK_US 200 /* live_look looks no more often than that */

struct bridge;
/* live_look - any subscriber may be given something, put back or ended meanwhile, as by an event of the loop. Not from within a
 * delivery. Does nothing before there is a spool. */
void live_look(struct bridge *bridge);
void live_look_now(struct bridge *bridge);

#endif
