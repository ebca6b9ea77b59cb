/* supervise - the loop of `runspool up`: signals, parts, and commands over the control socket. Main thread. */
#ifndef RUNSPOOL_CLI_SUPERVISE_H
#define RUNSPOOL_CLI_SUPERVISE_H

#include "base/json.h"
#include "cli/listen.h"
#include "cli/part.h"

#define SUPERVISE_PARTS_MAX 6
#define SUPERVISE_REQUESTS_MAX 8

/* A command under way. */
struct supervise_request {
    int fd; /* -1: free */
    char line[256];
    size_t len;
    struct part *part; /* answered when it is in the state wanted; NULL: still reading */
    bool want_up;
};

struct supervise {
    struct part parts[SUPERVISE_PARTS_MAX]; /* in the order in which they are ended */
    int n_parts;
    int control_fd;                 /* listening; owned by the caller */
    struct listen_address *address; /* of the part with a listening socket: closed while it is stopped */
    struct json_object *about;      /* members of the answer to "status": pid, url, ...; borrowed */
    /* Called once when all parts have answered. false: give up. */
    bool (*ready)(void *ctx);
    void *ctx;
    /* Private. */
    struct supervise_request requests[SUPERVISE_REQUESTS_MAX];
    int signal_fd;
    int stop_signals; /* SIGTERM, SIGINT and SIGHUP received */
    bool ending; /* parts are only ended any more */
};

/* supervise_block_signals - to be called before the first part is started or anything else handles signals.
 * Returns: a descriptor to read them from, -1. */
int supervise_block_signals(void);
/* supervise_run - start all parts; when all answer call `ready`; restart what dies; end all, in order, after SIGTERM,
 * SIGINT or SIGHUP (a second one kills at once). A part that dies before it first answered ends everything.
 * Returns: RS_OK after a signal; RS_IO with the reason when it could not be brought up. */
enum rs_err supervise_run(struct supervise *s, struct fault *fault) RS_MUST_CHECK;

#endif
