/* Workflows of other systems: /api/workflows/import. */
#include "import/import.h"

#include "api.h"
#include "definition.h"
#include <string.h>

enum rs_err workflow_import_post(struct call *call, struct fault *fault)
{
    struct json_object *definition = NULL, *report = NULL, *answer;
    const char *from = query_get(&call->request->query, "from"), *name = query_get(&call->request->query, "name");
    const char *text = call->text->data ? call->text->data : "";
    if (from && strcmp(from, "dagu") != 0 && strcmp(from, "n8n") != 0)
        return fault_set(fault, RS_INVALID, "from must be dagu or n8n");
    enum rs_err err = import_workflow(text, call->text->len, from, name, &definition, &report, fault);
    if (!err)
        err = definition_check(call, definition, fault);
    if (!err) {
        answer = json_object_new_object();
        json_set(answer, "workflow", json_object_get(definition));
        json_set(answer, "report", json_object_get(report));
        err = response_json(call->response, 200, answer);
        json_object_put(answer);
    }
    json_object_put(definition);
    json_object_put(report);
    return err;
}
