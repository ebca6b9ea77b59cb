librunspool_a_SOURCES += \
  shared/http/access.h \
  shared/http/problem.h \
  shared/http/query.h
