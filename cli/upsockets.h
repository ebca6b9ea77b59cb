/* upsockets - `runspool up --sockets DIR`: the FastCGI programs as parts, each on a socket DIR/NAME.sock for a web server
 * that somebody else runs. Main thread. */
#ifndef RUNSPOOL_CLI_UPSOCKETS_H
#define RUNSPOOL_CLI_UPSOCKETS_H

#include "base/err.h"
#include "cli/part.h"

#define UPSOCKETS_N 3 /* api, events, hook */

struct upsockets {
    char folder[PATH_MAX - 16]; /* absolute */
    char programs[UPSOCKETS_N][PATH_MAX];
    int fds[UPSOCKETS_N]; /* listening, for as long as `up` lives: while a program restarts its requests wait */
    int n;                /* how many are open */
};

/* upsockets_open - make the folder when it is missing, find the programs and listen. The group of the sockets is the
 * folder's when that is setgid; mode 0660. Returns: RS_OK; RS_CONFLICT when somebody listens there already; RS_LIMIT: the
 * path is too long for a socket; RS_NOT_FOUND: a program is missing. After any of them upsockets_close is due. */
enum rs_err upsockets_open(struct upsockets *s, const char *folder, struct fault *fault) RS_MUST_CHECK;
/* upsockets_part - set up part for program i. answers is called with ctx; the log is the caller's. */
void upsockets_part(const struct upsockets *s, int i, struct part *part, void *ctx);
/* upsockets_close - close and remove what was opened; a zeroed one is fine. */
void upsockets_close(struct upsockets *s);

#endif
