/* sse - the data of Server-Sent Events out of a byte stream, however it is cut (HTML Living Standard, section 9.2.6).
 * Only `data` fields matter to us; comments and other fields are passed over. Any thread, one parser per thread. */
#ifndef RUNSPOOL_RUNNER_SSE_H
#define RUNSPOOL_RUNNER_SSE_H

#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>

#define SSE_LINE_MAX (256 * 1024)  /* bytes of a line */
#define SSE_EVENT_MAX (512 * 1024) /* bytes of an event's data */

/* One event: its data lines joined by newlines; NUL-terminated, borrowed until sse_feed goes on. Anything but RS_OK
 * ends the feeding. */
typedef enum rs_err sse_fn(void *ctx, const char *data, size_t len);

struct sse {
    struct buf line, data;
    bool has_data; /* a data field has come since the last event */
    bool after_cr; /* the last byte was CR: an LF that follows belongs to it */
    bool begun;    /* past a byte order mark */
    sse_fn *fn;
    void *ctx;
};
void sse_init(struct sse *sse, sse_fn *fn, void *ctx);
void sse_release(struct sse *sse);
/* sse_feed - take these bytes; fn is called for each event they complete. An event is complete by its empty line: what
 * is unfinished at the end of the stream is none. Returns: RS_OK; what fn gave; RS_LIMIT (a line or an event is too
 * long), RS_NOMEM. */
enum rs_err sse_feed(struct sse *sse, const char *bytes, size_t len) RS_MUST_CHECK;

#endif
