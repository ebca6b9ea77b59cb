/* /ws/webhook-status: how many webhooks came from whom. */
#include "dialect/topics.h"

#include "model/hook.h"

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    (void)log;
    return hook_status(store, asked->org, ret, fault);
}

static const char *const streams[] = {"webhooks", NULL};

const struct topic topic_webhooks = {
    .type = "webhook_status_update",
    .build = build,
    .streams = streams,
};
