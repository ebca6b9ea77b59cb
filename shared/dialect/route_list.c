#include "dialect/route_list.h"

#include "base/json.h"
#include "dialect/dialect.h"
#include "http/route_info.h"
#include "stats/stats.h"
#include <stdio.h>

/* Milliseconds with three decimals. */
static struct json_object *ms_of(double ms)
{
    char text[32];
    snprintf(text, sizeof text, "%.3f", ms);
    return json_object_new_double_s((double)(int64_t)(ms * 1000 + 0.5) / 1000, text);
}

/* path is in two parts, as it is counted. */
static enum rs_err add_route(struct json_object *all, const struct stats *stats, const char *method, const char *path,
                             const char *below, const char *description)
{
    struct json_object *item = json_object_new_object();
    struct stats_figures figures;
    char whole[STATS_NAME_MAX];
    if (!item)
        return RS_NOMEM;
    snprintf(whole, sizeof whole, "%s%s", path, below);
    stats_read(stats, method, path, below, &figures);
    json_set_string(item, "method", method);
    json_set_string(item, "path", whole);
    json_set_string(item, "description", description);
    json_set_int(item, "calls", (int64_t)figures.calls);
    json_set_int(item, "errors", (int64_t)figures.errors);
    json_set(item, "p50_ms", figures.calls ? ms_of(figures.p50_ms) : NULL);
    json_set(item, "p95_ms", figures.calls ? ms_of(figures.p95_ms) : NULL);
    json_set(item, "last_called", NULL);
    json_set_time(item, "last_called", figures.last_ms);
    json_object_array_add(all, item);
    return RS_OK;
}

enum rs_err route_list(const struct datadir *dd, struct json_object **ret, struct fault *fault)
{
    static const char *const doors[] = {"/ws", "/sse", "/poll", "/api/poll"};
    struct json_object *all = json_object_new_array();
    struct stats *stats = NULL;
    enum rs_err err = all ? RS_OK : RS_NOMEM;
    if (stats_open(dd, &stats, NULL) != RS_OK)
        stats = NULL; /* then nobody counts */
    for (unsigned i = 0; !err && i < n_route_infos; i++)
        err = add_route(all, stats, route_infos[i].method, route_infos[i].pattern, "", route_infos[i].description);
    for (unsigned i = 0; i < n_endpoints; i++)
        for (size_t d = 0; !err && d < sizeof doors / sizeof *doors; d++)
            err = add_route(all, stats, "GET", doors[d], endpoints[i].path, endpoints[i].description);
    stats_close(stats);
    if (err) {
        json_object_put(all);
        return fault_set(fault, err, "no memory for the list of routes");
    }
    *ret = all;
    return RS_OK;
}
