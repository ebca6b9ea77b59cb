/* seat - a supervisor's place in a data directory: its lock, the socket by which it is told of things, its pid file. The first
 * one is called "runner"; more may sit beside it under names of their own ("runner-NAME"). */
#ifndef RUNSPOOL_RUNNER_SEAT_H
#define RUNSPOOL_RUNNER_SEAT_H

#include "base/id.h"
#include "conf/datadir.h"

#define SEAT_NAME_MAX 16

struct seat {
    const struct datadir *dd; /* borrowed */
    char base[SEAT_NAME_MAX + 8]; /* "runner", "runner-NAME" */
    int lock_fd, socket_fd;
};
/* seat_name_valid - 1 to SEAT_NAME_MAX lower-case letters and digits. */
bool seat_name_valid(const char *name);
/* seat_open - take it. name: NULL for the first one. RS_CONFLICT: somebody sits there. On failure release it all the same. */
enum rs_err seat_open(struct seat *seat, const struct datadir *dd, const char *name, struct fault *fault) RS_MUST_CHECK;
/* seat_write_pid - now it can be found, and signalled. */
enum rs_err seat_write_pid(const struct seat *seat, struct fault *fault) RS_MUST_CHECK;
/* seat_leave - nobody finds it any more. seat_release - and it is free. */
void seat_leave(const struct seat *seat);
void seat_release(struct seat *seat);

#endif
