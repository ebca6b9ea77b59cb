/* /ws/workflows: the runs under way. */
#include "dialect/topics.h"

#include "model/run_history.h"
#include <string.h>

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    (void)log;
    return runs_active(store, asked->org, ret, fault);
}

static bool concerns(const struct event *ev)
{
    return strncmp(ev->type, "run.", 4) == 0 || strncmp(ev->type, "node.", 5) == 0;
}

static const char *const streams[] = {"runs", NULL};

const struct topic topic_workflows = {
    .type = "workflows_update",
    .build = build,
    .streams = streams,
    .concerns = concerns,
};
