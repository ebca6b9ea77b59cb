/* kind_settings - the settings and outputs of the kinds, by group: kind_trigger.c, kind_agent.c and so on define them,
 * kind.c lists the kinds. Only kind.c includes this besides them. */
#ifndef RUNSPOOL_MODEL_KIND_SETTINGS_H
#define RUNSPOOL_MODEL_KIND_SETTINGS_H

#include "model/kind.h"

#define KIND_DAY_MS (24 * 60 * 60 * 1000LL)
#define KIND_END {.name = NULL}

/* Each ends with name NULL. */
/* kind_trigger.c */
extern const struct kind_setting schedule_settings[];
extern const struct kind_setting webhook_settings[];
extern const struct kind_output manual_outputs[];
extern const struct kind_setting event_settings[];
extern const struct kind_output event_outputs[];
extern const struct kind_output schedule_outputs[];
extern const struct kind_output webhook_outputs[];
/* kind_agent.c */
extern const struct kind_setting agent_settings[];
extern const struct kind_output agent_outputs[];
extern const struct kind_setting tool_definition_members[];
/* kind_assistant.c */
extern const struct kind_setting normalize_settings[];
extern const struct kind_setting intent_settings[];
extern const struct kind_setting model_select_settings[];
extern const struct kind_setting tool_select_settings[];
extern const struct kind_setting tool_calls_settings[];
extern const struct kind_setting answer_settings[];
extern const struct kind_output normalize_outputs[];
extern const struct kind_output intent_outputs[];
extern const struct kind_output model_select_outputs[];
extern const struct kind_output tool_select_outputs[];
extern const struct kind_output tool_calls_outputs[];
extern const struct kind_output answer_outputs[];
/* kind_tool.c */
extern const struct kind_setting shell_settings[];
extern const struct kind_setting git_clone_settings[];
extern const struct kind_setting http_request_settings[];
extern const struct kind_setting script_settings[];
extern const struct kind_setting read_file_settings[];
extern const struct kind_setting write_file_settings[];
extern const struct kind_setting test_run_settings[];
extern const struct kind_output shell_outputs[];
extern const struct kind_output test_run_outputs[];
extern const struct kind_output read_file_outputs[];
extern const struct kind_output write_file_outputs[];
extern const struct kind_output git_clone_outputs[];
extern const struct kind_output http_request_outputs[];
extern const struct kind_setting websearch_settings[];
extern const struct kind_output websearch_outputs[];
/* kind_scrape.c */
extern const struct kind_setting scrape_settings[];
extern const struct kind_setting rag_search_settings[];
extern const struct kind_output scrape_outputs[];
extern const struct kind_output rag_search_outputs[];
/* kind_control.c */
extern const struct kind_setting expression_settings[];
extern const struct kind_output transform_outputs[];
extern const struct kind_output condition_outputs[];
extern const struct kind_setting switch_settings[];
extern const struct kind_output switch_outputs[];
extern const struct kind_setting foreach_settings[];
extern const struct kind_output foreach_outputs[];
extern const struct kind_setting subworkflow_settings[];
extern const struct kind_output subworkflow_outputs[];
extern const struct kind_setting approval_settings[];
extern const struct kind_output approval_outputs[];
extern const struct kind_setting delay_settings[];
extern const struct kind_output delay_outputs[];
/* kind_output.c */
extern const struct kind_setting result_settings[];
extern const struct kind_setting file_settings[];
extern const struct kind_output result_outputs[];
extern const struct kind_output file_outputs[];
extern const struct kind_setting http_callback_settings[];
extern const struct kind_output http_callback_outputs[];
extern const struct kind_setting email_settings[];
extern const struct kind_output email_outputs[];

#endif
