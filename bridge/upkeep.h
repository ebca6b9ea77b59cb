/* upkeep - what the writer does for the event log between batches, in short pieces: checkpoints, retention, and
 * the lines that emitters left in files (event/pending.h).
 * Threads: the writer's. */
#ifndef RUNSPOOL_BRIDGE_UPKEEP_H
#define RUNSPOOL_BRIDGE_UPKEEP_H

#include "conf/datadir.h"
#include "event/eventlog.h"
#include "event/pending.h"
#include <stdbool.h>
#include <stdint.h>

/* What was done since the last report, and how things stand. */
struct upkeep_report {
    int64_t n_trimmed; /* events that retention removed */
    int64_t n_pending; /* events stored from files */
    int64_t n_rejected; /* lines of such files that were refused */
    int64_t wal_bytes; /* of the log, not yet where they stay */
};
/* The time for the age of events. A clock that is set by more than UPKEEP_SET_MS, by mistake perhaps, must not empty the log:
 * it is believed when it has stayed so for UPKEEP_DOUBT_MS. Zeroed: nothing known yet. */
struct upkeep_clock {
    bool known, doubted;
    int64_t ahead_ms;                  /* of the wall clock as believed, before the monotonic one */
    int64_t doubted_ms, doubted_since; /* the same as it was set; monotonic ms */
};
#define UPKEEP_SET_MS (INT64_C(3600) * 1000)
#define UPKEEP_DOUBT_MS (INT64_C(24) * 3600 * 1000)

struct checkpointer;

struct upkeep {
    const struct datadir *dd;
    struct eventlog *log;
    struct eventlog_keep keep;
    struct pending *pending; /* NULL: no memory for it yet */
    bool appended;         /* there are events to be published */
    int64_t pending_at;    /* monotonic ms, as those below: files are looked for */
    int64_t appended_at;   /* by whomever */
    struct upkeep_clock clock;
    int64_t trim_at;       /* retention looks at the log's size, and goes on with */
    int64_t round_at;      /* a round through its streams, which began no sooner */
    int64_t vain_us;       /* of CPU, in steps of the round under way that removed nothing */
    int64_t checkpoint_at; /* not before, after a failure */
    struct checkpointer *checkpointer; /* NULL before the first that is due */
    bool held;             /* too much cannot be moved, and it was said */
    const char *failed;    /* what failed last, and was said */
    struct upkeep_report now, reported;
};
/* upkeep_init - log: borrowed until upkeep_release, EVENTLOG_WRITE. dd: borrowed while it is in use. */
void upkeep_release(struct upkeep *u);
void upkeep_init(struct upkeep *u, struct eventlog *log, const struct datadir *dd);
/* upkeep_keep - what the settings say is to be kept. */
struct eventlog_keep upkeep_keep(const struct config *config);
/* upkeep_now - what time it is, where the clocks say wall and mono. */
int64_t upkeep_now(struct upkeep_clock *clock, int64_t wall_ms, int64_t mono_ms);
/* upkeep_rest_ms - how long after a round of retention that took vain_us of CPU in vain the next begins: looking through streams
 * none of which has too much takes a thousandth of a CPU at most. Where they are so many that it is more, after
 * UPKEEP_REST_MOST_MS all the same: so late may events go, and of each stream those of so much time are kept too many. */
int64_t upkeep_rest_ms(int64_t vain_us);
#define UPKEEP_REST_MS 1000
#define UPKEEP_REST_MOST_MS 60000
#define UPKEEP_REST_SHARE 1000 /* times vain_us */
/* upkeep_step - one piece of what is due, a few milliseconds at most. appended: since the last call. Returns whether there
 * is more to do now. */
bool upkeep_step(struct upkeep *u, bool appended);
/* upkeep_take_appended - did a step store events, which now are to be published? */
bool upkeep_take_appended(struct upkeep *u);
/* upkeep_report - returns whether there is anything new to say. */
bool upkeep_report(struct upkeep *u, struct upkeep_report *ret);

#endif
