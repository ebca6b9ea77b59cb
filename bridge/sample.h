/* sample - once a second the bridge's figures go where every program can read them (stats/samples.h), for the topic `metrics`.
 * Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_SAMPLE_H
#define RUNSPOOL_BRIDGE_SAMPLE_H

struct bridge;
/* sample_take - and measure the bridge's memory. Does not block, but for a read below /proc. */
void sample_take(struct bridge *bridge);

#endif
