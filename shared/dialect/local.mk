librunspool_a_SOURCES += \
  shared/dialect/assistant.c \
  shared/dialect/console_logs.c \
  shared/dialect/console_scraping.c \
  shared/dialect/console_status.c \
  shared/dialect/crew_run.c \
  shared/dialect/dialect.h \
  shared/dialect/dialect_out.c \
  shared/dialect/feed.c \
  shared/dialect/feed_read.c \
  shared/dialect/monitor.c \
  shared/dialect/native.c \
  shared/dialect/one_run.c \
  shared/dialect/one_run.h \
  shared/dialect/poll.c \
  shared/dialect/put.c \
  shared/dialect/put.h \
  shared/dialect/route_list.c \
  shared/dialect/route_list.h \
  shared/dialect/rows.h \
  shared/dialect/table.c \
  shared/dialect/topic.c \
  shared/dialect/topic.h \
  shared/dialect/topic_history.c \
  shared/dialect/topic_poll.c \
  shared/dialect/topic_webhooks.c \
  shared/dialect/topic_workflows.c \
  shared/dialect/topics.h
