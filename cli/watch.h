/* watch - native events of some streams from the log, as they come. Needs no bridge. Main thread. */
#ifndef RUNSPOOL_CLI_WATCH_H
#define RUNSPOOL_CLI_WATCH_H

#include "cli/cli.h"
#include "dialect/dialect.h"
#include <signal.h>

#define WATCH_BATCH 500
#define WATCH_EVERY_MS 15 /* how often the log is asked for news (microseconds each) */

struct watch {
    struct cli *cli;
    struct eventlog *log;
    struct feed *feed;
    struct message_sink sink;
    bool stopped;                             /* the sink wants no more */
    const volatile sig_atomic_t *interrupted; /* set by a signal handler, on whichever thread; NULL: none */
};
/* watch_open - since: "ID", "start", "now", or NULL for now. sink: gets each message as JSON text (docs/PROTOCOL.md: events
 * and {"op":"gap"}). The store of cli is open. Release with watch_release in every case. */
enum rs_err watch_open(struct watch *watch, struct cli *cli, const char *const *streams, int n_streams,
                       const char *since, struct message_sink sink, struct fault *fault) RS_MUST_CHECK;
void watch_release(struct watch *watch);
/* watch_read - deliver all that is in the log now, or until the sink refuses. *ret_ended: they follow one run, it has
 * ended, and all was given. */
enum rs_err watch_read(struct watch *watch, bool *ret_ended, struct fault *fault) RS_MUST_CHECK;
/* watch_wait - until the log may hold more, *interrupted is set, or timeout_ms passed. */
void watch_wait(struct watch *watch, int timeout_ms);

#endif
