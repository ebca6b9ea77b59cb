#include "drain.h"

#include "base/clock.h"
#include "base/log.h"
#include "event/pending.h"
#include "event/poke.h"
#include "model/store.h"
#include <stdatomic.h>

enum {
    LOOK_MS = 250, /* as often as the bridge does */
    STEPS_MAX = 8, /* of one look: a request waits for them */
};

static enum rs_err drain(const struct datadir *dd, struct pending *p, struct fault *fault)
{
    struct pending_drained step = {.more = true};
    struct eventlog *log = NULL;
    enum rs_err err = eventlog_open(dd, EVENTLOG_WRITE, store_owner, (void *)dd, &log, fault);

    for (int i = 0; !err && step.more && i < STEPS_MAX; i++)
        err = pending_step(p, log, &step, fault);
    eventlog_close(log);
    if (!err)
        eventlog_poke(dd); /* a bridge may have come up meanwhile */
    return err;
}

void drain_pending(const struct datadir *dd)
{
    static _Atomic int64_t look_at;
    static atomic_bool failed;
    int64_t now = clock_mono_ms(), due = look_at;
    struct fault fault = {0};
    struct pending *p;
    enum rs_err err;

    if (now < due || !atomic_compare_exchange_strong(&look_at, &due, now + LOOK_MS))
        return;
    if (!pending_any(dd) || pending_has_bridge(dd))
        return;
    p = pending_new(dd, PENDING_GRACE_MS);
    err = p ? drain(dd, p, &fault) : fault_set(&fault, RS_NOMEM, "out of memory");
    pending_free(p);
    if (err && !atomic_exchange(&failed, true))
        log_event(LOG_LEVEL_WARN, "pending.failed", "reason=\"%s\"", fault.message);
    if (!err)
        failed = false;
}
