/* writer - appends to the event log. What arrives while it is at work is committed as one group, in a thread of its own, and
 * events and acknowledgements are handed back to the loop. When the thread is idle and there is little to do, the loop
 * commits it itself at the end of its turn, which saves two changes of thread: a write to the page cache takes
 * microseconds. Where it does not (another process writes, the disk is slow or full, `eventlog.sync = full`) the thread does it;
 * a new stream, too, where the loop's thread has no connection to ask by whose it is (store_owner_open).
 * Functions: called on the loop. */
#ifndef RUNSPOOL_BRIDGE_WRITER_H
#define RUNSPOOL_BRIDGE_WRITER_H

#include "bridge/ingest.h"
#include "conf/datadir.h"
#include <uv.h>

#define WRITER_BACKLOG_MAX (16 * 1024 * 1024) /* bytes received and not committed, beyond which nothing is read */
#define WRITER_SLOW_US 2000 /* a commit of the loop that took longer: */
#define WRITER_SLOW_MS 50   /* the thread does them for so long, twice as long when the next is slow again, */
#define WRITER_SLOW_MOST_MS 1000
#define WRITER_TURNS 32 /* after so many of the loop's commits it sees whether their events are to be moved */
#define WRITER_FOREIGN_MS 25                  /* how often an idle writer looks for other processes' events */

struct writer;
/* on_outcome: borrowed, in order. The one with `last` is the final one, after writer_stop. */
typedef void writer_fn(void *ctx, struct outcome *o);

/* writer_start - open the log for writing and start the thread. dd: borrowed while it runs. *ret_head: publication
 * begins after it. */
enum rs_err writer_start(uv_loop_t *loop, const struct datadir *dd, writer_fn *on_outcome, void *ctx, struct writer **ret,
                         int64_t *ret_head, struct fault *fault) RS_MUST_CHECK;
/* writer_put - queue lines; takes ownership. */
void writer_put(struct writer *w, struct intake *in);
/* writer_turn - commit what was put since the last turn, and hand on what is committed, now. Not from within on_outcome. */
void writer_turn(struct writer *w);
/* writer_poke - look for other processes' events now. */
void writer_poke(struct writer *w);
/* writer_keep - from now on keep in the log what these settings say. */
void writer_keep(struct writer *w, const struct config *config);
size_t writer_backlog(const struct writer *w);
/* writer_stop - commit what is queued, then end; the outcome with `last` follows. */
void writer_stop(struct writer *w);
/* writer_free - after `last`: join the thread, free from the loop. NULL is fine. */
void writer_free(struct writer *w);

#endif
