/* /ws/system-status: how the parts are, asked while somebody listens. */
#include "dialect/topics.h"

#include "base/clock.h"
#include "model/system_status.h"

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    (void)log;
    return system_status(store, asked->org, clock_wall_ms(), ret, fault);
}

static const char *const streams[] = {"system", NULL};
static const char *const unhashed[] = {
    "checked_at", "components/*/latency_ms", "components/*/uptime_s", "components/disk/detail", "components/scheduler/late/lateMs", NULL,
};

const struct topic topic_system = {
    .type = "system_status_update",
    .build = build,
    .streams = streams,
    .unhashed = unhashed,
    .probe_ms = 5000,
    .slow = true,
    .without_database = true,
};
