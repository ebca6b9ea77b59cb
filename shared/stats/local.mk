librunspool_a_SOURCES += \
  shared/stats/stats.c shared/stats/stats.h \
  shared/stats/samples.c shared/stats/samples.h \
  shared/stats/histogram.c shared/stats/histogram.h
