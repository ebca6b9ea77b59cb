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
                            "the setting `cases[%zu].handle` must be a name of letters, digits, dots, underscores or"
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

static const struct {
    const char *kind;
    check_fn *check;
} checks[] = {
    {"switch", check_switch},
    {"delay", check_delay},
};

void graph_check_kind(const char *node_id, const struct kind *kind, struct json_object *data,
                      struct json_object *errors)
{
    size_t i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (strcmp(checks[i].kind, kind->name) == 0)
            checks[i].check(node_id, data, errors);
}
