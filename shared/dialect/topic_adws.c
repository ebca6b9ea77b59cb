/* /ws/adw-state/{adw_id}: the state of one ADW, {} while there is none; /ws/adw-monitor: all of them. */
#include "dialect/topics.h"

#include "model/adw.h"

static enum rs_err build_state(struct store *store, struct eventlog *log, const struct topic_asked *asked,
                               struct json_object **ret, struct fault *fault)
{
    int64_t version;
    (void)log;
    return adw_get(store, asked->org, asked->param, &version, ret, fault);
}

static enum rs_err build_monitor(struct store *store, struct eventlog *log, const struct topic_asked *asked,
                                 struct json_object **ret, struct fault *fault)
{
    (void)log;
    return adw_list(store, asked->org, ret, fault);
}

static const char *const one[] = {"adw:", NULL};
static const char *const all[] = {"adws", NULL};
static const char *const unhashed[] = {"last_updated", NULL};

const struct topic topic_adw_state = {
    .type = "adw_state_update",
    .build = build_state,
    .streams = one,
};
const struct topic topic_adw_monitor = {
    .type = "adw_monitor_update",
    .build = build_monitor,
    .streams = all,
    .unhashed = unhashed,
};
