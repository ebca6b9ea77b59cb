#include "bridge/upkeep.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge/checkpointer.h"
#include <string.h>

#define PENDING_MS 250 /* between two looks for files of pending lines */
#define IDLE_MS 1000   /* without an append, before the log is left tidy */
#define RETRY_MS 10000 /* after a failure: the disk may be full, and appending comes first */
#define HELD_BYTES (INT64_C(256) * 1024 * 1024) /* not moved in spite of all tries */
#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct eventlog_keep upkeep_keep(const struct config *config)
{
    return (struct eventlog_keep){
        .age_ms = config_number(config, "eventlog.keep_days") * DAY_MS,
        .events = config_number(config, "eventlog.keep_count"),
        .bytes = config_number(config, "eventlog.keep_bytes"),
    };
}

void upkeep_init(struct upkeep *u, struct eventlog *log, const struct datadir *dd)
{
    *u = (struct upkeep){.dd = dd, .log = log, .keep = upkeep_keep(dd->config), .appended_at = clock_mono_ms()};
}

void upkeep_release(struct upkeep *u)
{
    checkpointer_stop(u->checkpointer);
    u->checkpointer = NULL;
    pending_free(u->pending);
    u->pending = NULL;
}

/* Say so once, not at every try. what: a literal. */
static void failed(struct upkeep *u, const char *what, const struct fault *fault)
{
    if (!u->failed)
        log_event(LOG_LEVEL_ERROR, what, "reason=\"%s\"", fault->message);
    u->failed = what;
}

static void worked(struct upkeep *u, const char *what)
{
    if (u->failed && strcmp(u->failed, what) == 0)
        u->failed = NULL;
}

/* Some program keeps a read transaction open: it is not one of ours, and somebody may want to end it. */
static void say_held(struct upkeep *u)
{
    bool held = u->now.wal_bytes > HELD_BYTES;

    if (held && !u->held)
        log_event(LOG_LEVEL_WARN, "checkpoint.held", "wal_bytes=%lld reason=\"a program keeps reading the event log\"",
                  (long long)u->now.wal_bytes);
    if (!held && u->held)
        log_event(LOG_LEVEL_INFO, "checkpoint.free", "wal_bytes=%lld", (long long)u->now.wal_bytes);
    u->held = held;
}

/* What the other thread has done since. */
static void look_after(struct upkeep *u, int64_t now)
{
    struct fault fault = {0};
    enum rs_err err = RS_OK;

    if (!u->checkpointer || !checkpointer_ended(u->checkpointer, &err, &fault))
        return;
    if (!err) {
        worked(u, "checkpoint.failed");
        return;
    }
    u->checkpoint_at = now + RETRY_MS;
    failed(u, "checkpoint.failed", &fault);
}

static void checkpoint(struct upkeep *u, int64_t now)
{
    struct fault fault = {0};
    bool due = false;

    look_after(u, now);
    if (now < u->checkpoint_at)
        return;
    if (eventlog_checkpoint(u->log, now - u->appended_at >= IDLE_MS, &due, &u->now.wal_bytes, &fault) != RS_OK) {
        u->checkpoint_at = now + RETRY_MS;
        failed(u, "checkpoint.failed", &fault);
        return;
    }
    say_held(u);
    if (!due)
        return;
    if (!u->checkpointer)
        u->checkpointer = checkpointer_start(u->log);
    if (u->checkpointer)
        checkpointer_begin(u->checkpointer); /* else it is due again soon */
}

static bool pending(struct upkeep *u, int64_t now)
{
    struct pending_drained step = {0};
    struct fault fault = {0};
    enum rs_err err = RS_OK;

    if (now < u->pending_at)
        return false;
    u->pending_at = now + PENDING_MS;
    if (!u->pending && !(u->pending = pending_new(u->dd, PENDING_GRACE_MS)))
        err = fault_set(&fault, RS_NOMEM, "out of memory");
    if (!err)
        err = pending_step(u->pending, u->log, &step, &fault);
    u->now.n_pending += step.stored;
    u->now.n_rejected += step.rejected;
    u->appended = u->appended || step.stored > 0;
    if (err) {
        u->pending_at = now + RETRY_MS;
        failed(u, "pending.failed", &fault);
        return false;
    }
    worked(u, "pending.failed");
    if (step.more)
        u->pending_at = now;
    return step.more;
}

static bool differs(int64_t a, int64_t b)
{
    return (a > b ? a - b : b - a) > UPKEEP_SET_MS;
}

int64_t upkeep_now(struct upkeep_clock *clock, int64_t wall_ms, int64_t mono_ms)
{
    int64_t ahead = wall_ms - mono_ms;

    if (clock->known && differs(ahead, clock->ahead_ms)) {
        if (!clock->doubted || differs(ahead, clock->doubted_ms)) {
            clock->doubted = true;
            clock->doubted_ms = ahead;
            clock->doubted_since = mono_ms;
        }
        if (mono_ms - clock->doubted_since < UPKEEP_DOUBT_MS)
            return mono_ms + clock->ahead_ms;
    }
    clock->known = true;
    clock->doubted = false;
    clock->ahead_ms = ahead;
    return wall_ms;
}

/* The same of now, saying so when the clock was set. */
static int64_t believed_now(struct upkeep *u, int64_t mono_ms)
{
    bool doubted = u->clock.doubted;
    int64_t now = upkeep_now(&u->clock, clock_wall_ms(), mono_ms);

    if (u->clock.doubted && !doubted)
        log_event(LOG_LEVEL_WARN, "clock.set", "by_s=%lld reason=\"retention by age believes it in a day\"",
                  (long long)((u->clock.doubted_ms - u->clock.ahead_ms) / 1000));
    return now;
}

int64_t upkeep_rest_ms(int64_t vain_us)
{
    int64_t rest_ms = vain_us / 1000 * UPKEEP_REST_SHARE;

    return rest_ms < UPKEEP_REST_MS ? UPKEEP_REST_MS : rest_ms > UPKEEP_REST_MOST_MS ? UPKEEP_REST_MOST_MS : rest_ms;
}

static bool trim(struct upkeep *u, int64_t now)
{
    struct eventlog_keep keep = u->keep;
    struct eventlog_trimmed step;
    struct fault fault = {0};
    bool resting = now < u->round_at;

    if (now < u->trim_at)
        return false;
    if (resting) /* the disk does not wait, and to see how large the log is costs nothing */
        keep.age_ms = keep.events = 0;
    int64_t start = clock_cpu_us();
    if (eventlog_trim(u->log, &keep, believed_now(u, now), &step, &fault) != RS_OK) {
        u->vain_us = 0;
        u->trim_at = now + RETRY_MS;
        failed(u, "retention.failed", &fault);
        return false;
    }
    if (!resting && step.events == 0)
        u->vain_us += clock_cpu_us() - start;
    worked(u, "retention.failed");
    u->now.n_trimmed += step.events;
    if (step.more)
        return true;
    u->trim_at = now + UPKEEP_REST_MS;
    if (!resting) {
        u->round_at = now + upkeep_rest_ms(u->vain_us);
        u->vain_us = 0;
    }
    return false;
}

bool upkeep_step(struct upkeep *u, bool appended)
{
    int64_t now = clock_mono_ms();

    if (appended)
        u->appended_at = now;
    checkpoint(u, now);
    bool more = pending(u, now);
    return trim(u, now) || more;
}

bool upkeep_take_appended(struct upkeep *u)
{
    bool appended = u->appended;

    u->appended = false;
    return appended;
}

bool upkeep_report(struct upkeep *u, struct upkeep_report *ret)
{
    if (memcmp(&u->now, &u->reported, sizeof u->now) == 0)
        return false;
    *ret = u->now;
    ret->n_trimmed -= u->reported.n_trimmed;
    ret->n_pending -= u->reported.n_pending;
    ret->n_rejected -= u->reported.n_rejected;
    u->reported = u->now;
    return true;
}
