# Unit tests: one program a module, printing TAP.
include tests/unit/event.mk
include tests/unit/bridge.mk
include tests/unit/scrape.mk

check_PROGRAMS += tests/unit/test_err
TESTS += tests/unit/test_err
tests_unit_test_err_SOURCES = tests/unit/test_err.c tests/unit/unit.h
tests_unit_test_err_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_err_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_buf
TESTS += tests/unit/test_buf
tests_unit_test_buf_SOURCES = tests/unit/test_buf.c tests/unit/unit.h
tests_unit_test_buf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_buf_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_map
TESTS += tests/unit/test_map
tests_unit_test_map_SOURCES = tests/unit/test_map.c tests/unit/unit.h
tests_unit_test_map_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_map_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_clock
TESTS += tests/unit/test_clock
tests_unit_test_clock_SOURCES = tests/unit/test_clock.c tests/unit/unit.h
tests_unit_test_clock_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_clock_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_tz
TESTS += tests/unit/test_tz
tests_unit_test_tz_SOURCES = tests/unit/test_tz.c tests/unit/unit.h
tests_unit_test_tz_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_tz_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_cron
TESTS += tests/unit/test_cron
tests_unit_test_cron_SOURCES = tests/unit/test_cron.c tests/unit/unit.h
tests_unit_test_cron_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cron_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_schedule
TESTS += tests/unit/test_schedule
tests_unit_test_schedule_SOURCES = tests/unit/test_schedule.c tests/unit/unit.h tests/unit/model.h
tests_unit_test_schedule_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_schedule_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_params
TESTS += tests/unit/test_params
tests_unit_test_params_SOURCES = tests/unit/test_params.c tests/unit/unit.h tests/unit/model.h
tests_unit_test_params_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_params_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_hook
TESTS += tests/unit/test_hook
tests_unit_test_hook_SOURCES = tests/unit/test_hook.c tests/unit/unit.h tests/unit/model.h
tests_unit_test_hook_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_hook_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_id
TESTS += tests/unit/test_id
tests_unit_test_id_SOURCES = tests/unit/test_id.c tests/unit/unit.h
tests_unit_test_id_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_id_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_file
TESTS += tests/unit/test_file
tests_unit_test_file_SOURCES = tests/unit/test_file.c tests/unit/unit.h
tests_unit_test_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_file_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_json
TESTS += tests/unit/test_json
tests_unit_test_json_SOURCES = tests/unit/test_json.c tests/unit/unit.h
tests_unit_test_json_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_json_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_log
TESTS += tests/unit/test_log
tests_unit_test_log_SOURCES = tests/unit/test_log.c tests/unit/unit.h
tests_unit_test_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_log_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_graph
TESTS += tests/unit/test_graph
tests_unit_test_graph_SOURCES = tests/unit/test_graph.c tests/unit/unit.h
tests_unit_test_graph_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_graph_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)
check_PROGRAMS += tests/unit/test_config
TESTS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c tests/unit/unit.h
tests_unit_test_config_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_datadir
TESTS += tests/unit/test_datadir
tests_unit_test_datadir_SOURCES = tests/unit/test_datadir.c tests/unit/unit.h
tests_unit_test_datadir_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_datadir_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_query
TESTS += tests/unit/test_query
tests_unit_test_query_SOURCES = tests/unit/test_query.c tests/unit/unit.h
tests_unit_test_query_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_query_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_caller
TESTS += tests/unit/test_caller
tests_unit_test_caller_SOURCES = tests/unit/test_caller.c tests/unit/unit.h
tests_unit_test_caller_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_caller_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_problem
TESTS += tests/unit/test_problem
tests_unit_test_problem_SOURCES = tests/unit/test_problem.c tests/unit/unit.h
tests_unit_test_problem_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_problem_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_access
TESTS += tests/unit/test_access
tests_unit_test_access_SOURCES = tests/unit/test_access.c tests/unit/unit.h
tests_unit_test_access_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_access_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_db
TESTS += tests/unit/test_db
tests_unit_test_db_SOURCES = tests/unit/test_db.c tests/unit/unit.h
tests_unit_test_db_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_db_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_feed
TESTS += tests/unit/test_feed
tests_unit_test_feed_SOURCES = tests/unit/test_feed.c tests/unit/dialect_help.h tests/unit/unit.h
tests_unit_test_feed_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_feed_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_topic
TESTS += tests/unit/test_topic
tests_unit_test_topic_SOURCES = tests/unit/test_topic.c tests/unit/dialect_help.h tests/unit/unit.h
tests_unit_test_topic_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_topic_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_dialect
TESTS += tests/unit/test_dialect
tests_unit_test_dialect_SOURCES = tests/unit/test_dialect.c tests/unit/dialect_help.h tests/unit/unit.h
tests_unit_test_dialect_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_dialect_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)
check_PROGRAMS += tests/unit/test_run
TESTS += tests/unit/test_run
tests_unit_test_run_SOURCES = tests/unit/test_run.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_run_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_run_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_again
TESTS += tests/unit/test_again
tests_unit_test_again_SOURCES = tests/unit/test_again.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_again_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_again_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_pause
TESTS += tests/unit/test_pause
tests_unit_test_pause_SOURCES = tests/unit/test_pause.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_pause_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_pause_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_expected
TESTS += tests/unit/test_expected
tests_unit_test_expected_SOURCES = tests/unit/test_expected.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_expected_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_expected_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_store
TESTS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_store_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_store_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_workflow
TESTS += tests/unit/test_workflow
tests_unit_test_workflow_SOURCES = tests/unit/test_workflow.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_workflow_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_workflow_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_export_log
TESTS += tests/unit/test_export_log
tests_unit_test_export_log_SOURCES = tests/unit/test_export_log.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_export_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_export_log_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_export_text
TESTS += tests/unit/test_export_text
tests_unit_test_export_text_SOURCES = tests/unit/test_export_text.c tests/unit/unit.h
tests_unit_test_export_text_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_export_text_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_utf8
TESTS += tests/unit/test_utf8
tests_unit_test_utf8_SOURCES = tests/unit/test_utf8.c tests/unit/unit.h
tests_unit_test_utf8_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_utf8_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)
check_PROGRAMS += tests/unit/test_cli_args
TESTS += tests/unit/test_cli_args
tests_unit_test_cli_args_SOURCES = tests/unit/test_cli_args.c tests/unit/unit.h
tests_unit_test_cli_args_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cli_args_LDADD = $(CHECK_LIBS) libcli.a $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_cli_web
TESTS += tests/unit/test_cli_web
tests_unit_test_cli_web_SOURCES = tests/unit/test_cli_web.c tests/unit/unit.h
tests_unit_test_cli_web_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cli_web_LDADD = $(CHECK_LIBS) libcli.a $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_cli_term
TESTS += tests/unit/test_cli_term
tests_unit_test_cli_term_SOURCES = tests/unit/test_cli_term.c tests/unit/unit.h
tests_unit_test_cli_term_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cli_term_LDADD = $(CHECK_LIBS) libcli.a $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_cli_supervise
TESTS += tests/unit/test_cli_supervise
tests_unit_test_cli_supervise_SOURCES = tests/unit/test_cli_supervise.c tests/unit/unit.h
tests_unit_test_cli_supervise_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cli_supervise_LDADD = $(CHECK_LIBS) libcli.a $(SHARED_LIBS)
check_PROGRAMS += tests/unit/test_template
TESTS += tests/unit/test_template
tests_unit_test_template_SOURCES = tests/unit/test_template.c tests/unit/unit.h
tests_unit_test_template_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_template_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_jqworker
TESTS += tests/unit/test_jqworker
tests_unit_test_jqworker_SOURCES = tests/unit/test_jqworker.c tests/unit/unit.h
tests_unit_test_jqworker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jqworker_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_retry
TESTS += tests/unit/test_retry
tests_unit_test_retry_SOURCES = tests/unit/test_retry.c tests/unit/unit.h
tests_unit_test_retry_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_retry_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_orphans
TESTS += tests/unit/test_orphans
tests_unit_test_orphans_SOURCES = tests/unit/test_orphans.c tests/unit/unit.h
tests_unit_test_orphans_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_orphans_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_exec
TESTS += tests/unit/test_exec
tests_unit_test_exec_SOURCES = tests/unit/test_exec.c tests/unit/unit.h
tests_unit_test_exec_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_exec_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_limits
TESTS += tests/unit/test_limits
tests_unit_test_limits_SOURCES = tests/unit/test_limits.c tests/unit/unit.h
tests_unit_test_limits_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_limits_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_beneath
TESTS += tests/unit/test_beneath
tests_unit_test_beneath_SOURCES = tests/unit/test_beneath.c tests/unit/unit.h
tests_unit_test_beneath_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_beneath_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_testreport
TESTS += tests/unit/test_testreport
tests_unit_test_testreport_SOURCES = tests/unit/test_testreport.c tests/unit/unit.h
tests_unit_test_testreport_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_testreport_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_nodes
TESTS += tests/unit/test_nodes
tests_unit_test_nodes_SOURCES = tests/unit/test_nodes.c tests/unit/unit.h
tests_unit_test_nodes_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_nodes_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_sse
TESTS += tests/unit/test_sse
tests_unit_test_sse_SOURCES = tests/unit/test_sse.c tests/unit/unit.h
tests_unit_test_sse_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_sse_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_stats
TESTS += tests/unit/test_stats
tests_unit_test_stats_SOURCES = tests/unit/test_stats.c tests/unit/unit.h
tests_unit_test_stats_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_stats_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_entry
TESTS += tests/unit/test_entry
tests_unit_test_entry_SOURCES = tests/unit/test_entry.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_entry_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_entry_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_session
TESTS += tests/unit/test_session
tests_unit_test_session_SOURCES = tests/unit/test_session.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_session_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_session_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)
check_PROGRAMS += tests/unit/test_upgrade
TESTS += tests/unit/test_upgrade
tests_unit_test_upgrade_SOURCES = tests/unit/test_upgrade.c tests/unit/unit.h tests/unit/model.h tests/unit/first_schema.h
tests_unit_test_upgrade_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_upgrade_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_approval
TESTS += tests/unit/test_approval
tests_unit_test_approval_SOURCES = tests/unit/test_approval.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_approval_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_approval_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)
check_PROGRAMS += tests/unit/test_mask
TESTS += tests/unit/test_mask
tests_unit_test_mask_SOURCES = tests/unit/test_mask.c tests/unit/unit.h
tests_unit_test_mask_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_mask_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_secret
TESTS += tests/unit/test_secret
tests_unit_test_secret_SOURCES = tests/unit/test_secret.c tests/unit/unit.h tests/unit/model.h
tests_unit_test_secret_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_secret_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_chat_parts
TESTS += tests/unit/test_chat_parts
tests_unit_test_chat_parts_SOURCES = tests/unit/test_chat_parts.c tests/unit/unit.h
tests_unit_test_chat_parts_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chat_parts_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_jsonschema
TESTS += tests/unit/test_jsonschema
tests_unit_test_jsonschema_SOURCES = tests/unit/test_jsonschema.c tests/unit/unit.h
tests_unit_test_jsonschema_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jsonschema_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_assist
TESTS += tests/unit/test_assist
tests_unit_test_assist_SOURCES = tests/unit/test_assist.c tests/unit/unit.h
tests_unit_test_assist_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_assist_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_run_emit
TESTS += tests/unit/test_run_emit
tests_unit_test_run_emit_SOURCES = tests/unit/test_run_emit.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_run_emit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_run_emit_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_price
TESTS += tests/unit/test_price
tests_unit_test_price_SOURCES = tests/unit/test_price.c tests/unit/unit.h
tests_unit_test_price_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_price_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_builtin
TESTS += tests/unit/test_builtin
tests_unit_test_builtin_SOURCES = tests/unit/test_builtin.c tests/unit/unit.h
tests_unit_test_builtin_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_builtin_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_lineage
TESTS += tests/unit/test_lineage
tests_unit_test_lineage_SOURCES = tests/unit/test_lineage.c tests/unit/model.h tests/unit/unit.h
tests_unit_test_lineage_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_lineage_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_crew
TESTS += tests/unit/test_crew
tests_unit_test_crew_SOURCES = tests/unit/test_crew.c tests/unit/dialect_help.h tests/unit/unit.h
tests_unit_test_crew_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_crew_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_auth
TESTS += tests/unit/test_auth
tests_unit_test_auth_SOURCES = tests/unit/test_auth.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_auth_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_auth_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)
