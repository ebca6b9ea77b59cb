librunspool_a_SOURCES += \
  shared/base/buf.c shared/base/buf.h \
  shared/base/clock.c shared/base/clock.h \
  shared/base/curl.c shared/base/curl.h \
  shared/base/err.c shared/base/err.h \
  shared/base/endpoint.c \
  shared/base/endpoint.h \
  shared/base/file.c shared/base/file.h \
  shared/base/id.c shared/base/id.h \
  shared/base/json.c shared/base/json.h \
  shared/base/log.c shared/base/log.h \
  shared/base/map.c shared/base/map.h \
  shared/base/mask.c shared/base/mask.h \
  shared/base/tz.c shared/base/tz.h \
  shared/base/utf8.c shared/base/utf8.h
