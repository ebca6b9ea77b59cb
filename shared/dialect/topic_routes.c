/* /ws/routes: what can be called, and how often it was, for all alike. No event tells of a call, so it is looked at now and then. */
#include "dialect/topics.h"

#include "dialect/route_list.h"

#define LOOK_MS 1000

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    (void)log;
    (void)asked;
    return route_list_shown(store->dd, ret, fault);
}

static const char *const streams[] = {"routes", NULL};

const struct topic topic_routes = {
    .type = "routes_update",
    .build = build,
    .streams = streams,
    .every_ms = ROUTE_LIST_SHOWN_MS,
    .probe_ms = LOOK_MS,
};
