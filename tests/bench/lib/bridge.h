/* bridge - a bridge in a directory of its own. When the program ends, in whatever way, both are gone. */
#ifndef RUNSPOOL_BENCH_BRIDGE_H
#define RUNSPOOL_BENCH_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_bridge {
    const char *program;
    char dir[80]; /* spool.sock is in it: its name may not be longer */
    bool keep_dir; /* when the program ends */
    int port;
    pid_t pid;
    const char *settings[16]; /* key=value; NULL ends them */
};
/* bench_bridge_dir - make the directory, unless one is given. bench_bridge_start - in it, on a free port; returns when it accepts.
 * bench_bridge_kill - with that signal, and wait. One program has one. */
void bench_bridge_dir(struct bench_bridge *b);
void bench_bridge_start(struct bench_bridge *b);
void bench_bridge_kill(struct bench_bridge *b, int signal);
void bench_bridge_remove(struct bench_bridge *b); /* the directory; another may be made */

double bench_bridge_cpu_s(const struct bench_bridge *b); /* of all its threads */
int64_t bench_bridge_status(const struct bench_bridge *b, const char *name); /* of /proc/PID/status: "VmRSS" and such in kB */
int bench_bridge_fds(const struct bench_bridge *b);
int64_t bench_bridge_metric(const struct bench_bridge *b, const char *name); /* as it stands on /metrics, with its labels */
/* bench_bridge_get - one GET; the answer with its head, as a string that the caller frees. */
char *bench_bridge_get(const struct bench_bridge *b, const char *path);

/* bench_bridge_connect - a socket to it; -1: refused. flags: SOCK_NONBLOCK or 0. source: which address of ours, so that ports do not
 * run out. small: with a small receive buffer. */
int bench_bridge_connect(const struct bench_bridge *b, int flags, int source, bool small);
void bench_send_all(int fd, const char *bytes, size_t len);

#endif
