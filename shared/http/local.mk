librunspool_a_SOURCES += \
  shared/http/access.c shared/http/access.h \
  shared/http/caller.c shared/http/caller.h \
  shared/http/doctor_mend.c shared/http/doctor_mend.h \
  shared/http/problem.c shared/http/problem.h \
  shared/http/query.c shared/http/query.h \
  shared/http/route_info.c shared/http/route_info.h shared/http/route_rows.h
