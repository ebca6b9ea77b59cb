librunspool_a_SOURCES += \
  shared/conf/config.c shared/conf/config.h \
  shared/conf/datadir.c shared/conf/datadir.h \
  shared/conf/redis_address.c shared/conf/redis_address.h \
  shared/conf/settings.c \
  shared/conf/value.c shared/conf/value.h
