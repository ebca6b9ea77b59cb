# runspool-runner. Its modules are a library too, so that the unit tests can use them.
noinst_LIBRARIES += librunner.a
librunner_a_SOURCES = \
  runner/batch.c runner/batch.h \
  runner/assist/answer.c runner/assist/answer.h \
  runner/assist/intent.c runner/assist/intent.h \
  runner/assist/text.c runner/assist/text.h \
  runner/beneath.c runner/beneath.h \
  runner/chat.c runner/chat.h \
  runner/chat_parts.c runner/chat_parts.h \
  runner/child.c runner/child.h \
  runner/edges.c \
  runner/exec.c runner/exec.h \
  runner/execution.c runner/execution.h \
  runner/finish.c \
  runner/http.c runner/http.h \
  runner/idle.c \
  runner/inputs.c runner/inputs.h \
  runner/jqchild.c runner/jqchild.h \
  runner/jqcheck_main.c \
  runner/jqeval.c runner/jqeval.h \
  runner/jqlex.c runner/jqlex.h \
  runner/jqworker.c runner/jqworker.h \
  runner/limits.c runner/limits.h \
  runner/jsonschema.c runner/jsonschema.h \
  runner/lines.c runner/lines.h \
  runner/logcut.c runner/logcut.h \
  runner/mail.c runner/mail.h \
  runner/netaddr.c runner/netaddr.h \
  runner/node.c runner/node.h \
  runner/node_home.c \
  runner/orphans.c runner/orphans.h \
  runner/output.c runner/output.h \
  runner/price.c runner/price.h \
  runner/procs.c runner/procs.h \
  runner/retry.c runner/retry.h \
  runner/proctree.c runner/proctree.h \
  runner/sandbox.c runner/sandbox.h \
  runner/secrets.c runner/secrets.h \
  runner/schedules.c runner/schedules.h \
  runner/seat.c runner/seat.h \
  runner/slow.c \
  runner/spawn.c runner/spawn.h \
  runner/sse.c runner/sse.h \
  runner/supervisor.c runner/supervisor.h \
  runner/takeup.c runner/takeup.h \
  runner/until.c runner/until.h \
  runner/template.c runner/template.h \
  runner/testreport.c runner/testreport.h runner/testreport_own.h \
  runner/testreport_junit.c \
  runner/testreport_pytest.c \
  runner/testreport_tap.c \
  runner/tick.c runner/tick.h \
  runner/nodes/approval.c \
  runner/nodes/agent.c runner/nodes/agent.h \
  runner/nodes/agent_call.c \
  runner/nodes/agent_events.c \
  runner/nodes/agent_loop.c \
  runner/nodes/agent_setup.c \
  runner/nodes/agent_tools.c \
  runner/upkeep.c runner/upkeep.h \
  runner/urltext.c runner/urltext.h \
  runner/nodes/answer.c \
  runner/nodes/condition.c \
  runner/nodes/delay.c \
  runner/nodes/email.c \
  runner/nodes/event.c \
  runner/nodes/file.c \
  runner/nodes/git_access.c runner/nodes/git_access.h \
  runner/nodes/git_clone.c \
  runner/nodes/foreach.c runner/nodes/foreach.h \
  runner/nodes/foreach_item.c \
  runner/nodes/foreach_output.c \
  runner/nodes/foreach_rows.c \
  runner/nodes/http_callback.c \
  runner/nodes/http_request.c \
  runner/nodes/intent.c \
  runner/nodes/manual.c \
  runner/nodes/model_ask.c runner/nodes/model_ask.h \
  runner/nodes/model_select.c \
  runner/nodes/normalize.c \
  runner/nodes/nodes.h \
  runner/nodes/program.c runner/nodes/program.h \
  runner/nodes/read_file.c \
  runner/nodes/result.c \
  runner/nodes/schedule.c \
  runner/nodes/script.c \
  runner/nodes/shell.c \
  runner/nodes/subworkflow.c \
  runner/nodes/switch.c \
  runner/nodes/table.c \
  runner/nodes/test_run.c \
  runner/nodes/tool_calls.c \
  runner/nodes/tool_select.c \
  runner/nodes/tool.c runner/nodes/tool.h \
  runner/nodes/webhook.c \
  runner/nodes/transform.c \
  runner/nodes/websearch.c \
  runner/nodes/write_file.c
RUNNER_LIBS = librunner.a $(SHARED_LIBS) $(UV_LIBS) $(LAZY_CURL_LIBS) $(XML_LIBS) $(ZLIB_LIBS) $(JQ_LIBS)
include runner/scrape/local.mk

sbin_PROGRAMS += runner/runspool-runner
runner_runspool_runner_SOURCES = runner/main.c
runner_runspool_runner_LDADD = $(RUNNER_LIBS)

# The runner's integration tests use the model by this program.
check_PROGRAMS += tests/integration/runctl
tests_integration_runctl_SOURCES = tests/integration/runctl.c
tests_integration_runctl_LDADD = $(SHARED_LIBS)
EXTRA_DIST += tests/integration/test_runner.py
EXTRA_DIST += tests/integration/test_control.py
EXTRA_DIST += tests/integration/test_approval.py
EXTRA_DIST += tests/integration/test_foreach.py
EXTRA_DIST += tests/integration/test_subworkflow.py
EXTRA_DIST += tests/integration/test_event_trigger.py
EXTRA_DIST += tests/integration/test_tools.py
EXTRA_DIST += tests/integration/test_outputs.py
EXTRA_DIST += tests/integration/smtp_server.py
EXTRA_DIST += tests/integration/test_git.py
