/* nodes - the functions of the kinds, for nodes/table.c. Contracts: struct node_type in runner/node.h. */
#ifndef RUNSPOOL_RUNNER_NODES_NODES_H
#define RUNSPOOL_RUNNER_NODES_NODES_H

#include "runner/node.h"

void manual_start(struct node *node);
void event_start(struct node *node);
void schedule_start(struct node *node);
void webhook_start(struct node *node);
void agent_start(struct node *node);
void agent_stop(struct node *node);
void normalize_start(struct node *node);
void intent_start(struct node *node);
void intent_stop(struct node *node);
void model_select_start(struct node *node);
void model_select_stop(struct node *node);
void tool_select_start(struct node *node);
void tool_select_stop(struct node *node);
void tool_calls_start(struct node *node);
void tool_calls_stop(struct node *node);
void answer_start(struct node *node);
void shell_start(struct node *node);
void script_start(struct node *node);
void test_run_start(struct node *node);
void test_run_release(struct node *node);
void read_file_start(struct node *node);
void write_file_start(struct node *node);
void git_clone_start(struct node *node);
void git_clone_stop(struct node *node);
void git_clone_release(struct node *node);
void http_request_start(struct node *node);
void http_request_stop(struct node *node);
void http_request_release(struct node *node);
void websearch_start(struct node *node);
void websearch_stop(struct node *node);
void websearch_release(struct node *node);
void rag_search_start(struct node *node);
void scrape_start(struct node *node);
void scrape_stop(struct node *node);
void scrape_release(struct node *node);
void transform_start(struct node *node);
void condition_start(struct node *node);
void switch_start(struct node *node);
void switch_release(struct node *node);
void approval_start(struct node *node);
void approval_stop(struct node *node);
void approval_release(struct node *node);
void foreach_start(struct node *node);
void foreach_stop(struct node *node);
void foreach_release(struct node *node);
void subworkflow_start(struct node *node);
void subworkflow_stop(struct node *node);
void subworkflow_release(struct node *node);
void delay_start(struct node *node);
void delay_stop(struct node *node);
void delay_release(struct node *node);
void result_start(struct node *node);
void http_callback_start(struct node *node);
void http_callback_stop(struct node *node);
void http_callback_release(struct node *node);
void email_start(struct node *node);
void email_stop(struct node *node);
void email_release(struct node *node);
void file_start(struct node *node);

#endif
