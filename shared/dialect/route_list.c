#include "dialect/route_list.h"

#include "base/clock.h"
#include "base/json.h"
#include "dialect/dialect.h"
#include "http/route_info.h"
#include "stats/stats.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOWN_MAX (1024 * 1024)

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

/* What the file says, when it is not too old. *ret: owned. */
static bool read_shown(int fd, struct json_object **ret)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size < 1 || st.st_size > SHOWN_MAX)
        return false;
    int64_t age_ms = clock_wall_ms() - ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
    char *text = age_ms < 0 || age_ms >= ROUTE_LIST_SHOWN_MS ? NULL : malloc((size_t)st.st_size);
    bool read = text && pread(fd, text, (size_t)st.st_size, 0) == (ssize_t)st.st_size &&
                json_parse(text, (size_t)st.st_size, SHOWN_MAX, ret, NULL) == RS_OK;
    free(text);
    if (read && json_object_is_type(*ret, json_type_array))
        return true;
    if (read)
        json_object_put(*ret);
    return false;
}

enum rs_err route_list_shown(const struct datadir *dd, struct json_object **ret, struct fault *fault)
{
    char path[PATH_MAX];
    datadir_path(dd, path, DATADIR_ROUTES_SHOWN);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (fd < 0)
        return route_list(dd, ret, fault);
    enum rs_err err = RS_OK;
    /* One at a time, so that all tell the same. One that is cut off is no JSON, and made again. */
    bool locked = flock(fd, LOCK_EX) == 0;
    if (!locked || !read_shown(fd, ret)) {
        err = route_list(dd, ret, fault);
        size_t len = 0;
        const char *text = err ? "" : json_text(*ret, &len);
        if (!err && locked && ftruncate(fd, 0) == 0 && pwrite(fd, text, len, 0) != (ssize_t)len && ftruncate(fd, 0) != 0) {
            /* The disk is full; the next one finds no JSON. */
        }
    }
    close(fd);
    return err;
}
