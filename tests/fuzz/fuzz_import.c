/* A workflow of Dagu or n8n as somebody sends it. What passes is a workflow; what does not has said why. */
#include "import/import.h"
#include "model/graph.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct json_object *definition = NULL, *report = NULL, *errors = json_object_new_array();
    struct graph *graph = NULL;
    struct fault fault = {0};
    char *text = strndup((const char *)bytes, len);
    enum rs_err err = import_workflow(text, strlen(text), NULL, "fuzz", &definition, &report, &fault);

    assert(report != NULL);
    assert(err == RS_OK || fault.message[0] != '\0');
    if (err == RS_OK)
        assert(graph_parse(definition, errors, &graph, NULL) == RS_OK);
    graph_free(graph);
    json_object_put(errors);
    json_object_put(definition);
    json_object_put(report);
    free(text);
    return 0;
}
