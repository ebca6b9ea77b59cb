librunspool_a_SOURCES += \
  shared/model/graph.h \
  shared/model/jqcheck.h \
  shared/model/kind.h \
  shared/model/run.h \
  shared/model/store.h \
  shared/model/workflow.h
