#include "definition.h"

#include "model/graph.h"
#include "model/jqcheck.h"
#include "model/workflow.h"

enum rs_err definition_check(struct call *call, struct json_object *definition, struct fault *fault)
{
    struct graph *graph = NULL;
    enum rs_err err = graph_parse(definition, call->errors, &graph, fault);
    graph_free(graph);
    if (!err)
        err = jqcheck_definition(definition, call->errors, fault);
    size_t n = json_object_array_length(call->errors);
    if (err == RS_UNPROCESSABLE && n > 0)
        return fault_set(fault, err,
                         n == 1 ? "the workflow has a problem: %s" : "the workflow has problems, the first: %s",
                         json_get_string(json_object_array_get_idx(call->errors, 0), "message", ""));
    return err;
}

struct json_object *definition_strip(struct json_object *record)
{
    struct json_object *definition = json_object_new_object();
    json_object_object_foreach(record, key, value) json_set(definition, key, json_object_get(value));
    for (size_t i = 0; workflow_record_members[i]; i++)
        json_object_object_del(definition, workflow_record_members[i]);
    return definition;
}
