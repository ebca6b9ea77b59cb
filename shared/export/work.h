/* work - what the agents of a run wrote and which tools were called, gathered from its events. Used by one thread. */
#ifndef RUNSPOOL_EXPORT_WORK_H
#define RUNSPOOL_EXPORT_WORK_H

#include "event/event.h"
#include "export/page.h"

#define WORK_TEXT_MAX (1024 * 1024) /* bytes kept of one agent's text */
#define WORK_CALLS_MAX 1000         /* calls kept of one node */

/* work_take - an event of the run, in order; of other types: nothing happens. RS_NOMEM. */
enum rs_err work_take(struct page *page, const struct event *event) RS_MUST_CHECK;
/* work_put - what a node's agent and tools did; work may be NULL. */
void work_put(struct buf *out, const struct work *work);
/* work_put_usage - tokens and cost of all agents, if there were any. */
void work_put_usage(struct page *page);
void work_free(struct work *work); /* NULL is fine */

#endif
