/* until - tells when a time of the wall clock has come, also when the clock is set meanwhile (within UNTIL_LOOK_MS).
 * Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_UNTIL_H
#define RUNSPOOL_RUNNER_UNTIL_H

#include <stdint.h>
#include <uv.h>

#define UNTIL_LOOK_MS 30000

struct until;
/* until_new - fn is called once, later, unless it is freed first. Never NULL: without memory the process ends. */
struct until *until_new(uv_loop_t *loop, int64_t wall_ms, void (*fn)(void *ctx), void *ctx);
void until_free(struct until *until); /* NULL is fine; also from within fn */

#endif
