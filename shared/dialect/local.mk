librunspool_a_SOURCES += \
  shared/dialect/dialect.h
