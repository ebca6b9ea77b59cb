/* emitter - a producer at the bridge's socket. Its lines are numbered, so that one can wait until all are in the log. */
#ifndef RUNSPOOL_BENCH_EMITTER_H
#define RUNSPOOL_BENCH_EMITTER_H

#include "tests/bench/lib/bridge.h"

struct bench_emitter {
    int fd;
    int64_t n, acked;
    char *out;
    size_t len, cap;
    char in[256];
    size_t n_in;
};
/* bench_emitter_open - goes on with the numbers where that producer left. */
void bench_emitter_open(struct bench_emitter *e, const struct bench_bridge *b, const char *producer);
/* bench_emitter_add - an event, data {"t":NOW_US,"x":"   "}. bench_emitter_add_data - with that data, an object. */
void bench_emitter_add(struct bench_emitter *e, const char *stream, const char *type, int bytes);
void bench_emitter_add_data(struct bench_emitter *e, const char *stream, const char *type, const char *data);
void bench_emitter_send(struct bench_emitter *e);  /* what was added; blocks while the bridge takes no more */
void bench_emitter_flush(struct bench_emitter *e); /* and wait until it is in the log */
void bench_emitter_close(struct bench_emitter *e);

#endif
