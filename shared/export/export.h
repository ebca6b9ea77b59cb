/* export - a run as one HTML file for people who have no access to it: record, graph, timeline, nodes with what they gave,
 * what agents wrote, the log. It needs nothing but itself, is shown from disk, and runs one script, which only filters the
 * log. Made here, not in the browser, so that the whole log is in it however long it is (memory stays small), and the
 * dashboard, the command line and any other client get the same file. Secrets are masked as they are in what it is made of.
 * Blocks on database and log. Threads: as those. */
#ifndef RUNSPOOL_EXPORT_EXPORT_H
#define RUNSPOOL_EXPORT_EXPORT_H

#include "conf/datadir.h"
#include "event/eventlog.h"
#include "model/store.h"

/* export_run - write it to fd. A run that has not ended is exported as it is, and the page says so. org: as run_record.
 * RS_NOT_FOUND: no such run; RS_IO: fd cannot be written; RS_LIMIT, RS_NOMEM. What was written until then stays. */
enum rs_err export_run(const struct datadir *dd, struct store *store, struct eventlog *log, const char *org,
                       const char *run_id, int fd, struct fault *fault) RS_MUST_CHECK;

#endif
