#include "cli/definition.h"
#include "model/graph.h"
#include "model/jqcheck.h"
#include "model/kind.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 64 /* of one kind, with those all have */

enum rs_err definition_read(const struct cli *cli, const char *path, struct json_object **ret)
{
    struct fault fault = {0};
    struct json_object *value = NULL;
    char *text = NULL;
    size_t len;
    enum rs_err err = cli_read(cli, path, JSON_BODY_MAX, &text, &len);
    if (err != RS_OK)
        return err;
    err = json_parse(text, len, JSON_BODY_MAX, &value, &fault);
    free(text);
    if (err == RS_OK && !json_object_is_type(value, json_type_object))
        err = fault_set(&fault, RS_INVALID, "a definition is a JSON object");
    if (err != RS_OK) {
        json_object_put(value);
        cli_fail(cli, "%s: %s", path, fault.message);
        return err;
    }
    *ret = value;
    return RS_OK;
}

void definition_errors(const struct cli *cli, const char *name, struct json_object *errors)
{
    static const struct {
        const char *key, *word;
    } places[] = {{"nodeId", "node"}, {"edgeId", "edge"}}; /* what is said of a parameter names it */
    for (size_t i = 0; i < json_object_array_length(errors); i++) {
        struct json_object *error = json_object_array_get_idx(errors, i);
        fprintf(stderr, "%s%s%s: ", term_on(&cli->err, TERM_RED), name, term_off(&cli->err));
        for (unsigned k = 0; k < sizeof(places) / sizeof(*places); k++)
            if (json_get_string(error, places[k].key, NULL))
                fprintf(stderr, "%s %s: ", places[k].word, json_get_string(error, places[k].key, ""));
        fprintf(stderr, "%s\n", json_get_string(error, "message", json_get_string(error, "code", "invalid")));
    }
}

/* Remarks on settings that no kind has but one is spelt like: they are kept and do nothing, so no check finds them. */
static void note_misspelt(const struct cli *cli, const char *name, const char *id, struct json_object *data)
{
    const struct kind *kind = kind_find(json_get_string(data, "kind", ""));
    const struct kind_setting *const lists[] = {kind ? kind->settings : NULL, kind_common_settings};
    const char *known[SETTINGS_MAX + 1];
    size_t n = 0;
    if (!kind)
        return;
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        for (const struct kind_setting *s = lists[i]; s->name && n < SETTINGS_MAX; s++)
            known[n++] = s->name;
    known[n] = NULL;
    json_object_object_foreach(data, key, value)
    {
        const struct kind_setting *setting = kind_setting_find(kind->settings, key);
        const char *meant = setting || kind_setting_find(kind_common_settings, key) || strcmp(key, "kind") == 0
                                ? NULL
                                : nearest(key, known);
        if (meant && !json_get(data, meant))
            fprintf(stderr, "%s%s%s: node %s: %s has no setting `%s`; did you mean `%s`?\n", term_on(&cli->err, TERM_AMBER), name,
                    term_off(&cli->err), id, kind->name, key, meant);
        if (setting && setting->type == SETTING_NODE && json_object_is_type(value, json_type_object))
            note_misspelt(cli, name, id, value);
    }
}

static void note_all_misspelt(const struct cli *cli, const char *name, struct json_object *definition)
{
    struct json_object *nodes = json_get_array(definition, "nodes");
    for (size_t i = 0; nodes && i < json_object_array_length(nodes); i++) {
        struct json_object *node = json_object_array_get_idx(nodes, i);
        note_misspelt(cli, name, json_get_string(node, "id", ""), json_get(node, "data"));
    }
}

enum rs_err definition_check(const struct cli *cli, const char *name, struct json_object *definition)
{
    struct json_object *errors = json_object_new_array();
    struct fault fault = {0};
    struct graph *graph = NULL;
    enum rs_err err = graph_parse(definition, errors, &graph, &fault);
    graph_free(graph);
    note_all_misspelt(cli, name, definition);
    if (err == RS_OK)
        err = jqcheck_definition(definition, errors, &fault);
    if (json_object_array_length(errors))
        definition_errors(cli, name, errors);
    else if (err != RS_OK)
        cli_fail(cli, "%s: %s", name, fault.message);
    json_object_put(errors);
    return err;
}
