librunspool_a_SOURCES += \
  shared/model/graph.c \
  shared/model/graph.h \
  shared/model/graph_check.c \
  shared/model/idempotency.c \
  shared/model/idempotency.h \
  shared/model/jqcheck.h \
  shared/model/kind.c \
  shared/model/kind.h \
  shared/model/outbox.c \
  shared/model/outbox.h \
  shared/model/owner.c \
  shared/model/params.c \
  shared/model/poke.c \
  shared/model/run.h \
  shared/model/store.c \
  shared/model/store.h \
  shared/model/transition.c \
  shared/model/workflow.h
