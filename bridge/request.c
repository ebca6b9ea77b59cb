#include "bridge/request.h"
#include "auth/auth.h"
#include "bridge/bridge.h"
#include "bridge/limits.h"
#include "dialect/topic.h"
#include <stdlib.h>
#include <string.h>

const struct door *const doors[] = {&door_ws, &door_sse, &door_poll};
const unsigned n_doors = sizeof doors / sizeof *doors;

/* Is path the door's name, or below it? */
static const char *below(const char *path, const char *name)
{
    size_t len = strlen(name);
    return strncmp(path, name, len) == 0 && (path[len] == 0 || path[len] == '/') ? path + len : NULL;
}

static const char *find_door(const char *path, const struct door **ret)
{
    if (strcmp(path, ASSISTANT_PATH) == 0) {
        *ret = &door_ws;
        return path;
    }
    for (unsigned i = 0; i < n_doors; i++) {
        const char *rest = below(path, doors[i]->name);
        if (!rest)
            continue;
        *ret = doors[i];
        return rest;
    }
    return NULL;
}

/* path without a leading prefix; itself when it does not begin with it. */
static const char *strip(const char *path, const char *prefix, size_t len)
{
    while (len > 0 && prefix[len - 1] == '/')
        len--;
    return len > 0 && strncmp(path, prefix, len) == 0 && path[len] == '/' ? path + len : path;
}

/* The path of public_url: "/sub" of "https://host/sub". */
static const char *public_path(const struct config *config)
{
    const char *url = config_text(config, "public_url");
    const char *host = url ? strstr(url, "://") : NULL;
    const char *path = host ? strchr(host + 3, '/') : NULL;
    return path ? path : "";
}

enum rs_err request_route(const struct bridge *bridge, const struct request_text *text, struct request *ret,
                          struct fault *fault)
{
    char decoded[REQUEST_PATH_MAX];
    if (path_decode(text->path, decoded, sizeof decoded) != RS_OK)
        return fault_set(fault, RS_INVALID, "the path cannot be decoded, or is over %d bytes", REQUEST_PATH_MAX - 1);
    const char *path = decoded, *public = public_path(bridge->config), *rest;
    const struct door *door = NULL;
    if (text->prefix)
        path = strip(path, text->prefix, strlen(text->prefix));
    rest = find_door(path, &door);
    if (!rest) {
        path = strip(path, public, strlen(public));
        rest = find_door(path, &door);
    }
    memcpy(ret->path, path, strlen(path) + 1);
    if (!rest)
        return RS_OK;
    ret->door = door;
    ret->endpoint = endpoint_find(rest, &ret->params);
    if (!ret->endpoint)
        return fault_set(fault, RS_NOT_FOUND, "nothing is streamed at this path; GET /api lists what there is");
    return RS_OK;
}

static enum rs_err check_caller(const struct bridge *bridge, const struct access_request *given, struct request *ret,
                                struct fault *fault)
{
    struct access_request asked = *given;
    asked.path = ret->path;
    asked.query = &ret->query;
    enum rs_err err = auth_identify(bridge->auth, &asked, &ret->access, fault);
    if (!err)
        err = access_allows(&ret->access, ret->endpoint ? ret->endpoint->scope : NULL, fault);
    /* A token in the address is refused outright. */
    ret->refused = (err == RS_UNAUTHENTICATED || err == RS_DENIED) && !query_get(&ret->query, "token");
    return err;
}

enum rs_err request_check(const struct bridge *bridge, const struct request_text *text, struct request *ret,
                          struct fault *fault)
{
    enum rs_err err = access_check(bridge->config, &text->access, fault);
    if (!err)
        err = query_parse(text->query, &ret->query, fault);
    if (!err)
        err = check_caller(bridge, &text->access, ret, fault);
    if (!err)
        err = poll_parse(&ret->query, &ret->since, &ret->wait_s, fault);
    if (!err && text->last_event_id && *text->last_event_id && cursor_parse(text->last_event_id, &ret->since) != RS_OK)
        err = fault_set(fault, RS_INVALID, "Last-Event-ID must be the id of a message");
    return err;
}

enum rs_err request_feed(struct bridge *bridge, struct request *request, struct feed **ret, struct fault *fault)
{
    const char **streams = NULL;
    struct feed *feed = NULL;
    struct path_params params = request->params;
    int n = 0, index = 0;
    endpoint_add_query(request->endpoint, &request->query, &params);
    if (request->endpoint->native) {
        streams = malloc((size_t)(request->query.n_params + 1) * sizeof *streams);
        if (!streams)
            return fault_set(fault, RS_NOMEM, "no memory for a feed");
        for (const char *name; (name = query_next(&request->query, "stream", &index));)
            streams[n++] = name;
    }
    enum rs_err err = feed_open_as(request->endpoint, &params, streams, n, &bridge->store, &request->access, &feed,
                                fault);
    free(streams);
    request->refused = err == RS_DENIED;
    if (!err)
        err = feed_set_query(feed, &request->query, fault);
    if (!err)
        err = limits_follow(bridge, feed, NULL, fault);
    if (err)
        feed_free(feed);
    else
        *ret = feed;
    return err;
}

void request_release(struct request *request)
{
    query_release(&request->query);
    access_release(&request->access);
}
