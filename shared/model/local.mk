librunspool_a_SOURCES += \
  shared/model/graph.c \
  shared/model/graph.h \
  shared/model/graph_check.c \
  shared/model/jqcheck.h \
  shared/model/kind.c \
  shared/model/kind.h \
  shared/model/params.c \
  shared/model/run.h \
  shared/model/store.h \
  shared/model/workflow.h
