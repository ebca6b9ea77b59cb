/* datadir - where an instance keeps its things, and where its programs are. Any thread after datadir_open. */
#ifndef RUNSPOOL_CONF_DATADIR_H
#define RUNSPOOL_CONF_DATADIR_H

#include "base/err.h"
#include "conf/config.h"
#include <limits.h>
#include <stdbool.h>

/* An instance: its data directory and its settings. Everything else is found from it. */
struct datadir {
    char root[PATH_MAX];     /* absolute, no trailing slash */
    struct config *config;   /* owned */
};

/* datadir_open - choose the directory (option, else RUNSPOOL_DATA, else the default: ./var in a build tree's
 * source folder, the configured state directory when installed) and load its runspool.conf.
 * option: may be NULL. create: make the directory and its folders (run, log, runs, pending, keys; mode 02770,
 * umask 0007) when missing; else a missing one is RS_NOT_FOUND with a hint to run `runspool up`.
 * Sets the process's umask to 0007, so that what programs of one instance make is shared by its group.
 * overrides: as config_load. Free with datadir_release. Call before threads start. */
enum rs_err datadir_open(struct datadir *dd, const char *option, bool create, const char *const *overrides,
                         struct fault *fault) RS_MUST_CHECK;
void datadir_release(struct datadir *dd); /* NULL and zeroed are fine */

/* datadir_path - root + "/" + the formatted name into path. Returns path; too long aborts (root is checked at open). */
char *datadir_path(const struct datadir *dd, char path[PATH_MAX], const char *fmt, ...) RS_PRINTF(3, 4);

/* The names inside, one place: use datadir_path(dd, p, DATADIR_SPOOL_SOCKET). Sockets must fit sockaddr_un:
 * datadir_open checks the length. */
#define DATADIR_CONFIG "runspool.conf"
#define DATADIR_DATABASE "runspool.db"
#define DATADIR_EVENTLOG "events.db"
#define DATADIR_SPOOL_SOCKET "spool.sock"     /* stream: event lines, to the bridge */
#define DATADIR_BRIDGE_SOCKET "bridge.sock"   /* stream: HTTP and WebSocket, from the web server */
#define DATADIR_RUNNER_SOCKET "runner.sock"   /* datagram: "look at the queue" */
#define DATADIR_POKE_SOCKET "poke.sock"       /* datagram: "the log has new events", to the bridge */
#define DATADIR_BRIDGE_LOCK "bridge.lock"     /* flock: one bridge per directory */
#define DATADIR_RUNNER_LOCK "runner.lock"
#define DATADIR_STATS "stats.shm"             /* mapped by all programs: calls of routes (stats/stats.h) */
#define DATADIR_ROUTES_SHOWN "run/routes.json" /* what the topic `routes` shows (dialect/route_list.h) */
#define DATADIR_MODELS_SILENT "run/models.silent" /* the endpoint of models gives no answer (model/model_silence.h) */
#define DATADIR_RUN_WORK "runs/%s/work"           /* run id */
#define DATADIR_RUN_ARTIFACTS "runs/%s/artifacts" /* run id */

/* program_path - find a program of ours ("runspool-bridge", "runspool-runner", "api.fcgi", "events.fcgi", "hook.fcgi", "runspool"):
 * RUNSPOOL_PROGRAMS (a folder), then, when this program runs from a build tree, its place there, then the
 * configured libexec, sbin and bin directories. RS_NOT_FOUND with what was searched. */
enum rs_err program_path(const char *name, char path[PATH_MAX], struct fault *fault) RS_MUST_CHECK;
/* program_data_path - the same for read-only data: "htdocs" or "examples" (folders). */
enum rs_err program_data_path(const char *name, char path[PATH_MAX], struct fault *fault) RS_MUST_CHECK;

#endif
