librunspool_a_SOURCES += \
  shared/store/db.h
