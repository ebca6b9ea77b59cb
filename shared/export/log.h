/* log - the lines of a run's log. Used by one thread. */
#ifndef RUNSPOOL_EXPORT_LOG_H
#define RUNSPOOL_EXPORT_LOG_H

#include "event/eventlog.h"
#include "export/page.h"

/* log_survey - all events of the run up to one: what agents and tools did goes to the page's nodes; the rest is counted. */
struct log_survey {
    int64_t until;    /* id of the newest event looked at */
    int64_t events, lines;
    bool complete;    /* the run has ended, and every event of it is there */
    bool gap;         /* older ones are no longer kept */
};
enum rs_err log_survey(struct page *page, struct eventlog *log, struct log_survey *ret, struct fault *fault) RS_MUST_CHECK;
/* log_put - the lines that were counted, flushed as they come. */
enum rs_err log_put(struct page *page, struct eventlog *log, const struct log_survey *survey, struct fault *fault) RS_MUST_CHECK;

#endif
