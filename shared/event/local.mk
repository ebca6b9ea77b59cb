librunspool_a_SOURCES += \
  shared/event/cursor.c \
  shared/event/cursor.h \
  shared/event/event.c \
  shared/event/event.h \
  shared/event/eventlog.h \
  shared/event/jsonscan.c \
  shared/event/jsonscan.h \
  shared/event/line.c \
  shared/event/line.h \
  shared/event/spool.h \
  shared/event/stream.c \
  shared/event/stream.h
