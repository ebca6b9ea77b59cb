/* weblighttpd - the configuration of the web server that `runspool up` starts. */
#ifndef RUNSPOOL_CLI_WEBLIGHTTPD_H
#define RUNSPOOL_CLI_WEBLIGHTTPD_H

#include "base/buf.h"
#include <limits.h>
#include <stdbool.h>

#define WEBLIGHTTPD_CONFIG_MAX 65536

/* What the configuration depends on; all borrowed. */
struct weblighttpd {
    const char *data;         /* the data directory, absolute */
    const char *htdocs;       /* folder of the dashboard */
    const char *api, *events, *hook; /* FastCGI programs */
    const char *address;      /* "127.0.0.1", "::1" */
    int port;
    const char *tls_cert, *tls_key; /* PEM files; NULL: plain HTTP */
    bool deflate;                   /* mod_deflate is there */
    int processes;                  /* FastCGI processes of each kind */
    int max_files;                  /* descriptors it may have */
};
/* weblighttpd_config - the text of lighttpd.conf. The listening socket itself is inherited (LISTEN_FDS), so that no
 * connection is refused while the server restarts. Returns out->err; RS_INVALID when a path cannot be written into
 * the file (it holds a quote, a backslash or a control character). Pure. */
enum rs_err weblighttpd_config(const struct weblighttpd *web, struct buf *out, struct fault *fault) RS_MUST_CHECK;
/* weblighttpd_find - the program, from PATH and the system's folders. RS_NOT_FOUND with what to install. */
enum rs_err weblighttpd_find(char path[PATH_MAX], struct fault *fault) RS_MUST_CHECK;
/* weblighttpd_write - write DIR/run/lighttpd.conf, have the server check it, and do without compression when its module
 * is not installed (web->deflate says which). RS_INVALID with the server's own words when it does not like it.
 * Blocks for the check. */
enum rs_err weblighttpd_write(const char *program, struct weblighttpd *web, char path[PATH_MAX],
                              struct fault *fault) RS_MUST_CHECK;

#endif
