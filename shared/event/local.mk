librunspool_a_SOURCES += \
  shared/event/cursor.h \
  shared/event/event.h \
  shared/event/eventlog.h \
  shared/event/line.h \
  shared/event/spool.h \
  shared/event/stream.h
