dist_man_MANS += \
  docs/man/api.fcgi.8 \
  docs/man/events.fcgi.8 \
  docs/man/hook.fcgi.8 \
  docs/man/runspool-bridge.8 \
  docs/man/runspool-runner.8 \
  docs/man/runspool.1 \
  docs/man/runspool.conf.5
