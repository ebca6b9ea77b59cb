/* pending - DIR/pending/<instance>.jsonl: where emitters without SQLite leave their lines (spool lines, see line.h) while
 * no bridge answers. Whoever looks after the log drains them into it, each line once:
 *   - a numbered line counts as number n of the producer <instance>, as if it had come by the socket
 *   - any other is known by its place in its file
 * also when the drainer is killed anywhere. A line counts when its newline is there. What the log refuses goes to
 * <instance>.rejected as {"reason","line"}.
 * An emitter opens the file for appending, writes whole lines, and closes it; or keeps it open with a shared flock.
 * Threads: one struct pending per thread; of several drainers one works at a time, the others find nothing to do. */
#ifndef RUNSPOOL_EVENT_PENDING_H
#define RUNSPOOL_EVENT_PENDING_H

#include "conf/datadir.h"
#include "event/eventlog.h"
#include <stdbool.h>
#include <stdint.h>

#define PENDING_STEP_LINES 256                     /* of one step, */
#define PENDING_STEP_BYTES (EVENT_LINE_MAX * 2)    /* and so many bytes */
#define PENDING_GRACE_MS 2000                      /* a drained file stays so long: an emitter may have it open yet */
#define PENDING_HALF_MS (INT64_C(3600) * 1000)     /* a line whose newline has not come by then is refused */
#define PENDING_REJECTED_MAX (1024 * 1024)         /* bytes of a file of rejected lines; further ones are counted only */
#define PENDING_REJECTED_LINE 4096                 /* bytes of a rejected line that are kept */

struct pending;
/* pending_new - dd: borrowed as long as it lives. grace_ms: PENDING_GRACE_MS, but for tests. NULL: no memory. */
struct pending *pending_new(const struct datadir *dd, int64_t grace_ms);
void pending_free(struct pending *p); /* NULL is fine */

struct pending_drained {
    int64_t stored, duplicates, rejected;
    bool more;    /* take another step now */
    bool waiting; /* some file is not done with: look again in a while */
};
/* pending_step - store one batch of lines in one transaction. Costs one look into a folder when there are none.
 * log: EVENTLOG_WRITE. Returns: RS_OK; RS_BUSY, RS_IO, RS_NOMEM: try again later, nothing is lost. Blocks on the disk. */
enum rs_err pending_step(struct pending *p, struct eventlog *log, struct pending_drained *ret, struct fault *fault)
    RS_MUST_CHECK;

/* pending_any - is there any file to look at? Costs one look into a folder. */
bool pending_any(const struct datadir *dd);
/* pending_has_bridge - does a bridge listen on the spool socket? Then the files are its to drain. */
bool pending_has_bridge(const struct datadir *dd);

/* eventlog_drain_pending - all steps at once, for programs that run once in a while. *ret: the sums. */
enum rs_err eventlog_drain_pending(const struct datadir *dd, struct eventlog *log, struct pending_drained *ret,
                                   struct fault *fault) RS_MUST_CHECK;

#endif
