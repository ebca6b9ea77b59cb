/* lines - the lines of a file as events, as a tool's output becomes them. */
#ifndef RUNSPOOL_BENCH_LINES_H
#define RUNSPOOL_BENCH_LINES_H

#include "tests/bench/lib/emitter.h"

/* bench_lines_read - up to 5,000 of them; what JSON strings do not take as it is becomes a space. */
void bench_lines_read(const char *path);
/* bench_lines_add - the next one, of a stream; after the last comes the first. To be sent by bench_emitter_send. */
void bench_lines_add(struct bench_emitter *e, const char *stream);

#endif
