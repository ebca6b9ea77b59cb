/* Built-in workflows are valid, and have the steps that they promise. */
#include "model/builtin.h"
#include "model/graph.h"
#include "unit.h"

START_TEST(test_assistant)
{
    static const char *const steps[] = {"input",          "intent_detection", "model_selection", "tool_selection",
                                        "tool_execution", "rag_context",      "llm_response",    "post_processing"};
    struct json_object *definition = builtin_workflow("assistant"), *errors = json_object_new_array();
    struct graph *graph = NULL;
    struct fault fault;
    ck_assert_ptr_nonnull(definition);
    ck_assert_msg(graph_parse(definition, errors, &graph, &fault) == RS_OK, "%s", json_text(errors, NULL));
    ck_assert_int_eq(graph->n_nodes, 8);
    for (int i = 0; i < 8; i++)
        ck_assert_str_eq(graph->nodes[i].id, steps[i]);
    graph_free(graph);
    json_object_put(errors);
    json_object_put(definition);
    ck_assert_ptr_null(builtin_workflow("nosuch"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("builtin");
    TCase *tc = tcase_create("builtin");
    tcase_add_test(tc, test_assistant);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
