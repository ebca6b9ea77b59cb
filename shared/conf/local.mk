librunspool_a_SOURCES += \
  shared/conf/config.h \
  shared/conf/datadir.h
