#include "bridge/upkeep.h"
#include "base/clock.h"
#include "base/log.h"

#define TRIM_MS 1000        /* between two rounds of retention, */
#define TRIM_SHARE 100      /* or so many times what the last one took */
#define TRIM_RETRY_MS 10000 /* after a failure */
#define DAY_MS (INT64_C(24) * 3600 * 1000)

void upkeep_init(struct upkeep *u, struct eventlog *log, const struct datadir *dd)
{
    *u = (struct upkeep){.log = log};
    u->keep = (struct eventlog_keep){
        .age_ms = config_number(dd->config, "eventlog.keep_days") * DAY_MS,
        .events = config_number(dd->config, "eventlog.keep_count"),
        .bytes = config_number(dd->config, "eventlog.keep_bytes"),
    };
}

/* A failure is tried again later: the disk may be full, and appending comes first. */
static bool trim_failed(struct upkeep *u, int64_t now, const struct fault *fault)
{
    if (!u->trim_failed)
        log_event(LOG_LEVEL_ERROR, "retention.failed", "reason=\"%s\"", fault->message);
    u->trim_failed = true;
    u->trim_began = 0;
    u->trim_at = now + TRIM_RETRY_MS;
    return false;
}

static bool trim(struct upkeep *u, int64_t now)
{
    struct eventlog_trimmed step;
    struct fault fault = {0};

    if (!u->trim_began)
        u->trim_began = now;
    if (eventlog_trim(u->log, &u->keep, clock_wall_ms(), &step, &fault) != RS_OK)
        return trim_failed(u, now, &fault);
    u->trim_failed = false;
    u->n_trimmed += step.events;
    if (step.more)
        return true;
    int64_t rest = (clock_mono_ms() - u->trim_began) * TRIM_SHARE;
    u->trim_at = now + (rest > TRIM_MS ? rest : TRIM_MS);
    u->trim_began = 0;
    return false;
}

bool upkeep_step(struct upkeep *u)
{
    int64_t now = clock_mono_ms();

    return now >= u->trim_at && trim(u, now);
}
