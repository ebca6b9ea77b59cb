/* /ws/queue: what stands in the queue. */
#include "dialect/topics.h"

#include "model/entry.h"

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    (void)log;
    return entry_list(store, asked->org, ret, fault);
}

static const char *const streams[] = {"queue", NULL};

const struct topic topic_queue = {
    .type = "queue_update",
    .build = build,
    .streams = streams,
};
