#include "runner/schedules.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/schedule.h"
#include <stdio.h>
#include <unistd.h>

#define CHECK_EVERY_MS 60000

static enum rs_err take_lease(struct schedules *schedules, struct store *store, const char *owner, int64_t now_ms,
                              struct fault *fault)
{
    struct lease *lease = &schedules->lease;

    /* Renewed when half of it is over; a clock that was set back makes it new. */
    if (lease->until_ms - now_ms > SCHEDULE_LEASE_MS / 2 && lease->until_ms - now_ms <= SCHEDULE_LEASE_MS)
        return RS_OK;
    lease->name = SCHEDULE_LEASE;
    snprintf(lease->owner, sizeof lease->owner, "%s", owner);
    enum rs_err err = lease_take(store, lease, now_ms, SCHEDULE_LEASE_MS, fault);
    if (err)
        lease->until_ms = 0;
    return err;
}

/* Now and then: are there schedules that wait for a future the clock has left? */
static void check_clock(struct schedules *schedules, struct store *store, int64_t now_ms)
{
    struct fault fault = {0};
    int n = 0;

    if (schedules->checked_ms && clock_mono_ms() - schedules->checked_ms < CHECK_EVERY_MS)
        return;
    schedules->checked_ms = clock_mono_ms();
    if (schedule_clock_back(store, now_ms, &n, &fault))
        log_event(LOG_LEVEL_WARN, "schedule.failed", "reason=\"%s\"", fault.message);
    else if (n > 0)
        log_event(LOG_LEVEL_WARN, "schedule.clock_back", "schedules=%d", n);
}

int schedules_look(struct schedules *schedules, struct store *store, const char *owner, int64_t now_ms)
{
    struct schedule_fired fired = {0};
    struct fault fault = {0};
    int64_t until_ms = clock_mono_ms() + SCHEDULES_LOOK_MS;
    bool due = false;
    schedules->more = false;
    check_clock(schedules, store, now_ms);
    enum rs_err err = schedule_due(store, now_ms, &due, &fault);

    if (!err && !due)
        return 0;
    if (!err && (err = take_lease(schedules, store, owner, now_ms, &fault)) == RS_BUSY)
        return 0;
    do {
        struct schedule_fired some = {0};
        if (!err)
            err = schedule_fire(store, &schedules->lease, now_ms, &some, &fault);
        fired.n_runs += some.n_runs;
        fired.n_missed += some.n_missed;
        fired.n_failed += some.n_failed;
        schedules->more = !err && some.more;
    } while (schedules->more && clock_mono_ms() < until_ms);
    if (err == RS_CONFLICT)
        schedules->lease.until_ms = 0;
    if (err)
        log_event(LOG_LEVEL_WARN, "schedule.failed", "reason=\"%s\"", fault.message);
    if (fired.n_failed > 0)
        log_event(LOG_LEVEL_WARN, "schedule.not_started", "schedules=%d", fired.n_failed);
    if (fired.n_runs > 0 || fired.n_missed > 0)
        log_event(LOG_LEVEL_INFO, "schedule.fired", "runs=%d missed=%lld", fired.n_runs, (long long)fired.n_missed);
    return fired.n_runs;
}

/* FNV-1a, with the NUL that parts one text from the next. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *p = text;; p++) {
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001B3);
        if (!*p)
            return hash;
    }
}

char *schedules_place(const char *root, const char *name, char out[ID_MAX + 1])
{
    char host[256] = "";

    (void)gethostname(host, sizeof host - 1);
    uint64_t hash = hash_text(hash_text(hash_text(UINT64_C(0xCBF29CE484222325), host), root), name ? name : "");
    snprintf(out, ID_MAX + 1, "runner-%016llx", (unsigned long long)hash);
    return out;
}

void schedules_leave(struct schedules *schedules, struct store *store)
{
    struct fault fault;

    if (schedules->lease.until_ms > 0 && lease_drop(store, &schedules->lease, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "schedule.lease_kept", "reason=\"%s\"", fault.message);
    schedules->lease.until_ms = 0;
}
