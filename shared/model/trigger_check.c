/* What the settings of triggers say beyond their types. */
#include "base/id.h"
#include "model/cron.h"
#include "model/graph.h"
#include "model/params.h"

#include <string.h>

static void check_cron(const char *node_id, struct json_object *data, struct json_object *errors)
{
    const char *cron_text = json_get_string(data, "cron", NULL), *zone = json_get_string(data, "timezone", "UTC");
    struct fault fault = {0};
    struct tz *tz = NULL;
    struct cron cron;

    if (cron_text != NULL && cron_parse(cron_text, &cron, &fault) != RS_OK)
        graph_add_error(errors, node_id, NULL, "setting", "the setting `cron`: %s", fault.message + strlen("cron: "));
    if (tz_load(zone, &tz, &fault) != RS_OK)
        graph_add_error(errors, node_id, NULL, "setting", "the setting `timezone`: %s", fault.message);
    tz_free(tz);
}

/* Nobody is there to fill in what a schedule's input lacks. */
static void check_input(const char *node_id, struct json_object *definition, struct json_object *data,
                        struct json_object *errors)
{
    struct json_object *found = json_object_new_array(), *checked = NULL, *params = json_get_array(definition, "params");
    size_t i;

    if (found == NULL)
        return;
    /* A saved workflow is read by everybody. */
    for (i = 0; params != NULL && i < json_object_array_length(params); i++)
        if (param_type_of(json_object_array_get_idx(params, i)) == PARAM_SECRET &&
            json_get(json_get(data, "input"), json_get_string(json_object_array_get_idx(params, i), "name", "")) != NULL)
            graph_add_error(errors, node_id, NULL, "setting",
                            "the setting `input` must not hold a secret: let nodes use {{ $secrets.NAME }}");
    if (graph_check_input(definition, json_get(data, "input"), found, &checked, NULL) != RS_OK)
        for (i = 0; i < json_object_array_length(found); i++)
            graph_add_error(errors, node_id, NULL, "setting", "the setting `input`: %s",
                            json_get_string(json_object_array_get_idx(found, i), "message", ""));
    json_object_put(checked);
    json_object_put(found);
}

/* It is a part of an address, and of a setting's name. */
static void check_source(const char *node_id, struct json_object *data, struct json_object *errors)
{
    const char *source = json_get_string(data, "source", NULL);

    if (source != NULL && (!id_valid(source) || strchr(source, '.') != NULL))
        graph_add_error(errors, node_id, NULL, "setting",
                        "the setting `source` names one by letters, digits, underscores and hyphens, 128 at most");
}

void graph_check_triggers(struct json_object *definition, struct json_object *errors)
{
    struct json_object *nodes = json_get_array(definition, "nodes"), *node, *data;
    size_t i, before;

    for (i = 0; nodes != NULL && i < json_object_array_length(nodes); i++) {
        node = json_object_array_get_idx(nodes, i);
        data = json_get(node, "data");
        if (strcmp(json_get_string(data, "kind", ""), "webhook") == 0)
            check_source(json_get_string(node, "id", NULL), data, errors);
        if (strcmp(json_get_string(data, "kind", ""), "schedule") != 0)
            continue;
        before = json_object_array_length(errors);
        check_cron(json_get_string(node, "id", NULL), data, errors);
        if (before == 0 && json_object_array_length(errors) == 0) /* params in order */
            check_input(json_get_string(node, "id", NULL), definition, data, errors);
    }
}
