# runspool, the command line. What can be tested alone is in libcli.a.
noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
  cli/args.c cli/args.h \
  cli/control.c cli/control.h \
  cli/display.c \
  cli/eventtext.c cli/eventtext.h \
  cli/follow.c cli/follow.h \
  cli/lines.c cli/lines.h \
  cli/listen.c cli/listen.h \
  cli/nearest.c \
  cli/part.c cli/part.h \
  cli/supervise.c cli/supervise.h \
  cli/table.c cli/table.h \
  cli/term.c cli/term.h \
  cli/upconf.c cli/up.h \
  cli/uplock.c cli/uplock.h \
  cli/upsockets.c cli/upsockets.h \
  cli/weblighttpd.c cli/weblighttpd.h

bin_PROGRAMS += cli/runspool
cli_runspool_SOURCES = \
  cli/again.c \
  cli/approve.c \
  cli/artifacts.c \
  cli/cancel.c \
  cli/cli.h \
  cli/common.c \
  cli/completion.c cli/completion.h \
  cli/config.c \
  cli/conformance.c \
  cli/definition.c cli/definition.h \
  cli/doctor.c cli/doctor.h \
  cli/doctor_data.c \
  cli/doctor_parts.c \
  cli/doctor_web.c \
  cli/down.c \
  cli/emit.c \
  cli/export.c \
  cli/followrun.c \
  cli/import.c cli/import.h \
  cli/index.c \
  cli/main.c \
  cli/nodes.c \
  cli/pause.c \
  cli/ps.c \
  cli/replay.c \
  cli/replay_rows.c cli/replay_rows.h \
  cli/run.c \
  cli/runinput.c cli/runinput.h \
  cli/queue.c \
  cli/adw.c \
  cli/schedule.c \
  cli/secret.c \
  cli/status.c \
  cli/tail.c \
  cli/tick.c \
  cli/token.c \
  cli/up.c \
  cli/watch.c cli/watch.h \
  cli/webprobe.c cli/webprobe.h \
  cli/workflow.c \
  cli/wrap.c
cli_runspool_LDADD = libcli.a $(SHARED_LIBS) $(XML_LIBS) $(YAML_LIBS)

EXTRA_DIST += tests/integration/test_cli.py
