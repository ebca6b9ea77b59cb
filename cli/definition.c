#include "cli/definition.h"
#include "model/graph.h"
#include "model/jqcheck.h"
#include <stdio.h>
#include <stdlib.h>

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

enum rs_err definition_check(const struct cli *cli, const char *name, struct json_object *definition)
{
    struct json_object *errors = json_object_new_array();
    struct fault fault = {0};
    struct graph *graph = NULL;
    enum rs_err err = graph_parse(definition, errors, &graph, &fault);
    graph_free(graph);
    if (err == RS_OK)
        err = jqcheck_definition(definition, errors, &fault);
    if (json_object_array_length(errors))
        definition_errors(cli, name, errors);
    else if (err != RS_OK)
        cli_fail(cli, "%s: %s", name, fault.message);
    json_object_put(errors);
    return err;
}
