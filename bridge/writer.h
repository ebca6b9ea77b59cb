/* writer - the one thread that appends to the event log. The loop gives it lines and never waits for the disk; it
 * commits what has arrived in the meantime as one group, then hands events and acknowledgements back to the loop.
 * Functions: called on the loop. */
#ifndef RUNSPOOL_BRIDGE_WRITER_H
#define RUNSPOOL_BRIDGE_WRITER_H

#include "bridge/ingest.h"
#include "conf/datadir.h"
#include <uv.h>

#define WRITER_BACKLOG_MAX (16 * 1024 * 1024) /* bytes received and not committed, beyond which nothing is read */
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
