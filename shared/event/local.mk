librunspool_a_SOURCES += \
  shared/event/cursor.c \
  shared/event/cursor.h \
  shared/event/event.c \
  shared/event/event.h \
  shared/event/eventlog.c \
  shared/event/eventlog.h \
  shared/event/eventlog_append.c \
  shared/event/eventlog_driver.h \
  shared/event/eventlog_newest.c \
  shared/event/eventlog_query.c \
  shared/event/eventlog_schema.c \
  shared/event/eventlog_schema.h \
  shared/event/eventlog_sqlite.c \
  shared/event/eventlog_sqlite.h \
  shared/event/eventlog_views.c \
  shared/event/jsonscan.c \
  shared/event/jsonscan.h \
  shared/event/line.c \
  shared/event/line.h \
  shared/event/namemap.c \
  shared/event/namemap.h \
  shared/event/spool.h \
  shared/event/stream.c \
  shared/event/stream.h \
  shared/event/view.c \
  shared/event/view.h
