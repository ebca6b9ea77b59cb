/* part - one child of `runspool up` (bridge, runner, web): started, watched, restarted, ended. Main thread; nothing
 * blocks but the probes of part_tick, each for at most PART_PROBE_MS.
 * States:  OFF --start--> STARTING --answers--> UP
 *          STARTING, UP --dies--> BACKOFF --after its delay--> STARTING
 *          STARTING, UP, BACKOFF --stop--> ENDING --dead--> OFF (or STARTING, when a restart was asked) */
#ifndef RUNSPOOL_CLI_PART_H
#define RUNSPOOL_CLI_PART_H

#include "base/json.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PART_ARGS_MAX 16
#define PART_PROBE_MS 1000
#define PART_START_MS 20000     /* to answer in */
#define PART_BACKOFF_MIN_MS 100 /* doubled with each death in a row */
#define PART_BACKOFF_MAX_MS 10000
#define PART_STEADY_MS 30000 /* up for so long: the next death counts as the first */

enum part_state { PART_OFF, PART_STARTING, PART_UP, PART_BACKOFF, PART_ENDING };

struct part {
    const char *name;
    /* Set by the owner before the first start: */
    const char *argv[PART_ARGS_MAX + 1];                 /* argv[0] is a path; borrowed */
    bool (*answers)(const struct part *part, void *ctx); /* is it ready? May block PART_PROBE_MS */
    void *ctx;
    char log[PATH_MAX]; /* file its output is appended to; "": our own standard error */
    int listen_fd;      /* handed over as descriptor 3 (LISTEN_FDS); -1: none */
    bool listen_stdin;  /* handed over as standard input instead, as FastCGI has it */
    bool whole_group;   /* its own children end with it, by signal to the process group */
    int64_t stop_ms;    /* between the signal to end and SIGKILL */
    int down_signal;    /* ends it for good (SIGTERM unless set); a stop or restart of it alone is always SIGTERM */
    /* Read by the owner: */
    enum part_state state;
    pid_t pid;         /* 0: none */
    int64_t since_ms;  /* wall clock of the last change to UP or OFF */
    int restarts;      /* after deaths and by wish */
    bool was_up;       /* answered at least once */
    char last_end[64]; /* "exit status 1", "signal 9 (Killed)", "" */
    int64_t log_start; /* size of the log before the last start */
    /* Private: */
    int64_t deadline_ms; /* monotonic: of the state */
    int64_t backoff_ms, up_ms;
    bool again, killed;
};

/* part_init - everything off. name: borrowed. */
void part_init(struct part *part, const char *name, int64_t stop_ms);
/* part_start - from OFF or BACKOFF; a living one stays as it is. Failure to fork counts as a death. */
void part_start(struct part *part);
/* part_stop - ask it to end, by SIGTERM; again: start it anew when it is dead. part_down - ask it to end for good. */
void part_stop(struct part *part, bool again);
void part_down(struct part *part);
/* part_ended - its process was reaped with this wait status. */
void part_ended(struct part *part, int status);
/* part_tick - do what is due. Returns: monotonic ms when it wants to be called next, INT64_MAX: no wish. */
int64_t part_tick(struct part *part);
const char *part_state_name(enum part_state state);
/* part_json - {"pid","state","since","restarts","lastEnd"?}, owned by the caller. */
struct json_object *part_json(const struct part *part);

#endif
