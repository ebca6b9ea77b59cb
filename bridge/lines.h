/* lines - cuts a byte stream into blocks of whole lines, without ever holding more than one line of the largest
 * allowed size. Pure, any thread. */
#ifndef RUNSPOOL_BRIDGE_LINES_H
#define RUNSPOOL_BRIDGE_LINES_H

#include "base/buf.h"
#include <stdbool.h>

struct lines {
    struct buf rest;   /* the line that is not complete yet */
    size_t line_max;   /* bytes of a line, without its newline */
    bool skipping;     /* dropping the rest of a line that was too long */
};
void lines_init(struct lines *l, size_t line_max);
void lines_release(struct lines *l);

/* What lines_feed finds. block: one or more whole lines, each ended by '\n', borrowed for the call.
 * too_long: a line over line_max was dropped (said once a line). */
struct lines_sink {
    enum rs_err (*block)(void *ctx, const char *text, size_t len);
    void (*too_long)(void *ctx);
    void *ctx;
};
/* lines_feed - take the next bytes. Returns: RS_OK; RS_NOMEM or what the sink returned (the bytes are then lost). */
enum rs_err lines_feed(struct lines *l, const char *data, size_t len, const struct lines_sink *sink) RS_MUST_CHECK;

#endif
