librunspool_a_SOURCES += \
  shared/base/buf.h \
  shared/base/clock.h \
  shared/base/err.h \
  shared/base/file.h \
  shared/base/id.h \
  shared/base/json.h \
  shared/base/log.h
