/* What a kind's settings must be beyond what its table says of each. */
#include "model/graph.h"

#include "base/clock.h"
#include "base/id.h"

#include <string.h>

#define CASES_MAX 64

typedef void check_fn(const char *node_id, struct json_object *data, struct json_object *errors);

static bool is_template(struct json_object *value)
{
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

    return strstr(text, "{{") != NULL;
}

static bool handle_before(struct json_object *cases, size_t at, const char *handle)
{
    size_t i;

    for (i = 0; i < at; i++)
        if (strcmp(json_get_string(json_object_array_get_idx(cases, i), "handle", ""), handle) == 0)
            return true;
    return false;
}

static void check_switch(const char *node_id, struct json_object *data, struct json_object *errors)
{
    struct json_object *cases = json_get_array(data, "cases");
    size_t n = cases != NULL ? json_object_array_length(cases) : 0, i;
    const char *handle;

    if (cases != NULL && (n == 0 || n > CASES_MAX))
        graph_add_error(errors, node_id, NULL, "setting", "the setting `cases` needs 1 to %d cases", CASES_MAX);
    for (i = 0; i < n && i < CASES_MAX; i++) {
        handle = json_get_string(json_object_array_get_idx(cases, i), "handle", NULL);
        if (handle == NULL)
            continue; /* said already */
        if (!id_valid(handle) || strcmp(handle, "default") == 0)
            graph_add_error(errors, node_id, NULL, "setting",
                            "the setting `cases[%zu].handle` is no name: take letters, digits, dots, underscores or"
                            " hyphens, and not \"default\"",
                            i);
        else if (handle_before(cases, i, handle))
            graph_add_error(errors, node_id, NULL, "setting", "more than one case has the handle %s", handle);
    }
}

static void check_delay(const char *node_id, struct json_object *data, struct json_object *errors)
{
    struct json_object *ms = json_get(data, "ms"), *until = json_get(data, "until");
    int64_t time;

    if ((ms == NULL) == (until == NULL))
        graph_add_error(errors, node_id, NULL, "setting", "a delay needs either `ms` or `until`");
    else if (json_object_is_type(until, json_type_string) && !is_template(until) &&
             clock_parse(json_object_get_string(until), &time) != RS_OK)
        graph_add_error(errors, node_id, NULL, "setting",
                        "the setting `until` is no time: write it like 2026-11-30T18:00:00Z");
}

/* May it be executed once an item? What decides over edges, waits for people or ends the run may not, nor does a foreach. */
static bool may_be_item(const struct kind *kind)
{
    static const char *const others[] = {"transform", "delay", "subworkflow", "file", "http_callback", "email"};
    size_t i;

    if (strcmp(kind->group, "tool") == 0 || strcmp(kind->group, "agent") == 0)
        return true;
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(kind->name, others[i]) == 0)
            return true;
    return false;
}

static void check_foreach(const char *node_id, struct json_object *data, struct json_object *errors)
{
    struct json_object *node = json_get(data, "node");
    const char *name = json_get_string(node, "kind", NULL);
    const struct kind *kind = name != NULL ? kind_find(name) : NULL;

    if (!json_object_is_type(node, json_type_object))
        return; /* said already */
    if (kind == NULL || !may_be_item(kind))
        graph_add_error(errors, node_id, NULL, "setting",
                        "the setting `node.kind` is no kind for an item: take a tool, an agent, transform, delay,"
                        " subworkflow, file, http_callback or email, not \"%.64s\"",
                        name != NULL ? name : "");
    else
        graph_check_settings(node_id, kind, node, errors);
}

static void check_event(const char *node_id, struct json_object *data, struct json_object *errors)
{
    struct json_object *workflows = json_get_array(data, "workflows");
    size_t n = workflows != NULL ? json_object_array_length(workflows) : 0, i;

    for (i = 0; i < n; i++)
        if (!id_valid(json_object_get_string(json_object_array_get_idx(workflows, i))))
            graph_add_error(errors, node_id, NULL, "setting", "the setting `workflows[%zu]` is not the id of a workflow", i);
}

static const struct {
    const char *kind;
    check_fn *check;
} checks[] = {
    {"switch", check_switch},
    {"delay", check_delay},
    {"foreach", check_foreach},
    {"event", check_event},
};

void graph_check_kind(const char *node_id, const struct kind *kind, struct json_object *data,
                      struct json_object *errors)
{
    size_t i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (strcmp(checks[i].kind, kind->name) == 0)
            checks[i].check(node_id, data, errors);
}
