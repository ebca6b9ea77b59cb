#include "config.h"

#include "api.h"
#include "dialect/dialect.h"

static struct json_object *routes_json(void)
{
    struct json_object *all = json_object_new_array();
    for (unsigned i = 0; i < api_program.n_routes; i++) {
        const struct route *route = &api_program.routes[i];
        struct json_object *item = json_object_new_object();
        json_set_string(item, "method", route->method);
        json_set_string(item, "path", route->pattern);
        json_set_string(item, "description", route->description);
        json_set_string(item, "scope", *route->scope ? route->scope : "none");
        json_object_array_add(all, item);
    }
    return all;
}

static struct json_object *streams_json(void)
{
    static const char *const doors[] = {"ws", "sse", "poll", "api/poll"};
    struct json_object *all = json_object_new_array();
    for (unsigned i = 0; i < n_endpoints; i++) {
        struct json_object *item = json_object_new_object(), *list = json_object_new_array();
        json_set_string(item, "path", endpoints[i].path);
        json_set_string(item, "description", endpoints[i].description);
        json_set_string(item, "scope", !endpoints[i].scope ? "viewer" : *endpoints[i].scope ? endpoints[i].scope : "none");
        for (size_t d = 0; d < sizeof doors / sizeof *doors; d++)
            json_object_array_add(list, json_object_new_string(doors[d]));
        json_set(item, "doors", list);
        json_object_array_add(all, item);
    }
    return all;
}

enum rs_err about_get(struct call *call, struct fault *fault)
{
    (void)fault;
    struct json_object *answer = json_object_new_object();
    json_set_string(answer, "name", PACKAGE_NAME);
    json_set_string(answer, "version", PACKAGE_VERSION);
    json_set(answer, "routes", routes_json());
    json_set(answer, "streams", streams_json());
    enum rs_err err = response_json(call->response, 200, answer);
    json_object_put(answer);
    return err;
}
