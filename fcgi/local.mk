pkglibexec_PROGRAMS += fcgi/api.fcgi fcgi/events.fcgi fcgi/hook.fcgi

FCGI_COMMON = \
  fcgi/drain.c fcgi/drain.h \
  fcgi/exchange.h \
  fcgi/fastcgi.c fcgi/fastcgi.h \
  fcgi/gateway.c fcgi/gateway.h \
  fcgi/idempotency.c fcgi/idempotency.h \
  fcgi/request.c fcgi/request.h \
  fcgi/response.c fcgi/response.h \
  fcgi/routes.c fcgi/routes.h

fcgi_api_fcgi_SOURCES = $(FCGI_COMMON) \
  fcgi/about.c \
  fcgi/adws.c \
  fcgi/again.c \
  fcgi/api.c fcgi/api.h \
  fcgi/approvals.c fcgi/assist.c \
  fcgi/artifacts.c \
  fcgi/auth.c \
  fcgi/range.c \
  fcgi/range.h \
  fcgi/definition.c fcgi/definition.h \
  fcgi/doctor.c \
  fcgi/emit.c \
  fcgi/etag.c fcgi/etag.h \
  fcgi/export.c \
  fcgi/history.c \
  fcgi/items.c \
  fcgi/import.c \
  fcgi/jq.c \
  fcgi/models.c \
  fcgi/node_types.c \
  fcgi/openapi.c \
  fcgi/pause.c \
  fcgi/queue.c \
  fcgi/route_list.c \
  fcgi/secrets.c \
  fcgi/runs.c fcgi/runs.h \
  fcgi/schedules.c \
  fcgi/sessions.c \
  fcgi/topics.c fcgi/topics.h \
  fcgi/versions.c \
  fcgi/webhooks.c \
  fcgi/workflows.c
fcgi_api_fcgi_LDADD = $(SHARED_LIBS) $(FCGI_LIBS) $(YAML_LIBS)

fcgi_events_fcgi_SOURCES = $(FCGI_COMMON) fcgi/events.c
fcgi_events_fcgi_LDADD = $(SHARED_LIBS) $(FCGI_LIBS)

fcgi_hook_fcgi_SOURCES = $(FCGI_COMMON) fcgi/hook.c
fcgi_hook_fcgi_LDADD = $(SHARED_LIBS) $(FCGI_LIBS)

# docs/openapi.yaml as JSON, inside api.fcgi.
noinst_PROGRAMS += fcgi/openapi_text
fcgi_openapi_text_SOURCES = fcgi/openapi_text.c
fcgi_openapi_text_LDADD = $(SHARED_LIBS) $(YAML_LIBS)
BUILT_SOURCES += fcgi/openapi.inc
CLEANFILES += fcgi/openapi.inc
fcgi/openapi.inc: docs/openapi.yaml fcgi/openapi_text$(EXEEXT)
	$(AM_V_GEN)fcgi/openapi_text $(srcdir)/docs/openapi.yaml >$@.new && mv $@.new $@
fcgi/openapi.$(OBJEXT): fcgi/openapi.inc
