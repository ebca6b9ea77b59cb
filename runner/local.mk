# runspool-runner. Its modules are a library too, so that the unit tests can use them.
noinst_LIBRARIES += librunner.a
librunner_a_SOURCES = \
  runner/child.c runner/child.h \
  runner/edges.c \
  runner/exec.c runner/exec.h \
  runner/execution.c runner/execution.h \
  runner/finish.c \
  runner/http.c runner/http.h \
  runner/jqchild.c runner/jqchild.h \
  runner/jqcheck_main.c \
  runner/jqeval.c runner/jqeval.h \
  runner/jqlex.c runner/jqlex.h \
  runner/jqworker.c runner/jqworker.h \
  runner/limits.c runner/limits.h \
  runner/lines.c runner/lines.h \
  runner/logcut.c runner/logcut.h \
  runner/netaddr.c runner/netaddr.h \
  runner/node.c runner/node.h \
  runner/node_home.c \
  runner/orphans.c runner/orphans.h \
  runner/output.c runner/output.h \
  runner/procs.c runner/procs.h \
  runner/retry.c runner/retry.h \
  runner/proctree.c runner/proctree.h \
  runner/sandbox.c runner/sandbox.h \
  runner/schedules.c runner/schedules.h \
  runner/spawn.c runner/spawn.h \
  runner/sse.c runner/sse.h \
  runner/supervisor.c runner/supervisor.h \
  runner/takeup.c runner/takeup.h \
  runner/until.c runner/until.h \
  runner/template.c runner/template.h \
  runner/tick.c runner/tick.h \
  runner/nodes/approval.c \
  runner/nodes/condition.c \
  runner/nodes/delay.c \
  runner/nodes/file.c \
  runner/nodes/git_clone.c \
  runner/nodes/http_request.c \
  runner/nodes/manual.c \
  runner/nodes/nodes.h \
  runner/nodes/result.c \
  runner/nodes/schedule.c \
  runner/nodes/shell.c \
  runner/nodes/switch.c \
  runner/nodes/table.c \
  runner/nodes/tool.c runner/nodes/tool.h \
  runner/nodes/transform.c
RUNNER_LIBS = librunner.a $(SHARED_LIBS) $(UV_LIBS) $(CURL_LIBS) $(XML_LIBS) $(JQ_LIBS)

sbin_PROGRAMS += runner/runspool-runner
runner_runspool_runner_SOURCES = runner/main.c
runner_runspool_runner_LDADD = $(RUNNER_LIBS)

# The runner's integration tests use the model by this program.
check_PROGRAMS += tests/integration/runctl
tests_integration_runctl_SOURCES = tests/integration/runctl.c
tests_integration_runctl_LDADD = $(SHARED_LIBS)
EXTRA_DIST += tests/integration/test_runner.py tests/integration/test_control.py tests/integration/test_approval.py
EXTRA_DIST += tests/integration/test_tools.py
