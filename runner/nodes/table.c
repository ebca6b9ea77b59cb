/* The kinds that can be executed: one row each; a test holds it equal to the table of model/kind.h. */
#include "runner/nodes/nodes.h"
#include "runner/nodes/tool.h"
#include <string.h>

const struct node_type node_types[] = {
    {"manual", manual_start, NULL, NULL},
    {"event", event_start, NULL, NULL},
    {"schedule", schedule_start, NULL, NULL},
    {"webhook", webhook_start, NULL, NULL},
    {"agent", agent_start, agent_stop, NULL},
    {"shell", shell_start, tool_stop, tool_release},
    {"script", script_start, tool_stop, tool_release},
    {"test_run", test_run_start, tool_stop, test_run_release},
    {"read_file", read_file_start, NULL, NULL},
    {"write_file", write_file_start, NULL, NULL},
    {"git_clone", git_clone_start, git_clone_stop, git_clone_release},
    {"http_request", http_request_start, http_request_stop, http_request_release},
    {"websearch", websearch_start, websearch_stop, websearch_release},
    {"scrape", scrape_start, scrape_stop, scrape_release},
    {"normalize", normalize_start, NULL, NULL},
    {"intent", intent_start, intent_stop, NULL},
    {"model_select", model_select_start, model_select_stop, NULL},
    {"tool_select", tool_select_start, tool_select_stop, NULL},
    {"tool_calls", tool_calls_start, tool_calls_stop, NULL},
    {"answer", answer_start, NULL, NULL},
    {"rag_search", rag_search_start, NULL, NULL},
    {"transform", transform_start, NULL, NULL},
    {"condition", condition_start, NULL, NULL},
    {"switch", switch_start, NULL, switch_release},
    {"approval", approval_start, approval_stop, approval_release},
    {"foreach", foreach_start, foreach_stop, foreach_release},
    {"subworkflow", subworkflow_start, subworkflow_stop, subworkflow_release},
    {"delay", delay_start, delay_stop, delay_release},
    {"result", result_start, NULL, NULL},
    {"file", file_start, NULL, NULL},
    {"http_callback", http_callback_start, http_callback_stop, http_callback_release},
    {"email", email_start, email_stop, email_release},
};
const unsigned n_node_types = sizeof node_types / sizeof *node_types;

const struct node_type *node_type_find(const char *kind)
{
    for (unsigned i = 0; i < n_node_types; i++)
        if (strcmp(node_types[i].kind, kind) == 0)
            return &node_types[i];
    return NULL;
}

bool node_type_patient(const struct node_type *type)
{
    static const char *const patient[] = {"delay", "approval", "subworkflow", "foreach"};
    for (size_t i = 0; i < sizeof patient / sizeof *patient; i++)
        if (strcmp(type->kind, patient[i]) == 0)
            return true;
    return false;
}
