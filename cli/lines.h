/* lines - bytes of a stream into lines, as they come. Pure. */
#ifndef RUNSPOOL_CLI_LINES_H
#define RUNSPOOL_CLI_LINES_H

#include "base/buf.h"

#define LINES_LINE_MAX (16 * 1024) /* a longer line is given in pieces */

struct lines {
    struct buf rest;
    void (*line)(void *ctx, const char *text, size_t len);
    void *ctx;
};
void lines_init(struct lines *lines, void (*line)(void *ctx, const char *text, size_t len), void *ctx);
void lines_release(struct lines *lines);
/* lines_add - more bytes. Each complete line is given without its line end; of a line that was overwritten by carriage
 * returns (progress displays) only the last state is given. */
void lines_add(struct lines *lines, const char *data, size_t len);
/* lines_end - give what is left, if anything. */
void lines_end(struct lines *lines);

#endif
