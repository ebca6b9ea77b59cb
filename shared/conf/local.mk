librunspool_a_SOURCES += \
  shared/conf/config.c shared/conf/config.h \
  shared/conf/datadir.c shared/conf/datadir.h \
  shared/conf/settings.c \
  shared/conf/value.c shared/conf/value.h
