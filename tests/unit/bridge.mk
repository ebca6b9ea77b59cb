# Unit tests of bridge/.
check_PROGRAMS += tests/unit/test_http_head
TESTS += tests/unit/test_http_head
tests_unit_test_http_head_SOURCES = tests/unit/test_http_head.c tests/unit/unit.h
tests_unit_test_http_head_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_http_head_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_listener
TESTS += tests/unit/test_listener
tests_unit_test_listener_SOURCES = tests/unit/test_listener.c tests/unit/unit.h
tests_unit_test_listener_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_listener_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(UV_LIBS)

check_PROGRAMS += tests/unit/test_lines
TESTS += tests/unit/test_lines
tests_unit_test_lines_SOURCES = tests/unit/test_lines.c tests/unit/unit.h
tests_unit_test_lines_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_lines_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_frame
TESTS += tests/unit/test_frame
tests_unit_test_frame_SOURCES = tests/unit/test_frame.c tests/unit/unit.h
tests_unit_test_frame_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_frame_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_pack
TESTS += tests/unit/test_pack
tests_unit_test_pack_SOURCES = tests/unit/test_pack.c tests/unit/unit.h
tests_unit_test_pack_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_pack_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_deflate
TESTS += tests/unit/test_deflate
tests_unit_test_deflate_SOURCES = tests/unit/test_deflate.c tests/unit/unit.h
tests_unit_test_deflate_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_deflate_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/test_gzip
TESTS += tests/unit/test_gzip
tests_unit_test_gzip_SOURCES = tests/unit/test_gzip.c tests/unit/unit.h
tests_unit_test_gzip_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_gzip_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/test_views
TESTS += tests/unit/test_views
tests_unit_test_views_SOURCES = tests/unit/test_views.c tests/unit/unit.h
tests_unit_test_views_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_views_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_ingest
TESTS += tests/unit/test_ingest
tests_unit_test_ingest_SOURCES = tests/unit/test_ingest.c tests/unit/unit.h
tests_unit_test_ingest_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ingest_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

# What tests/integration/test_bridge.py uses to write behind the bridge's back.
check_PROGRAMS += tests/helper/log_append
tests_helper_log_append_SOURCES = tests/helper/log_append.c
tests_helper_log_append_LDADD = $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_hub
TESTS += tests/unit/test_hub
tests_unit_test_hub_SOURCES = tests/unit/test_hub.c tests/unit/unit.h tests/unit/dialect_help.h
tests_unit_test_hub_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_hub_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(UV_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/test_turns
TESTS += tests/unit/test_turns
tests_unit_test_turns_SOURCES = tests/unit/test_turns.c tests/unit/unit.h
tests_unit_test_turns_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_turns_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(UV_LIBS)

check_PROGRAMS += tests/unit/test_told
TESTS += tests/unit/test_told
tests_unit_test_told_SOURCES = tests/unit/test_told.c tests/unit/unit.h tests/unit/dialect_help.h
tests_unit_test_told_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_told_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(UV_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/test_kept
TESTS += tests/unit/test_kept
tests_unit_test_kept_SOURCES = tests/unit/test_kept.c tests/unit/unit.h tests/unit/dialect_help.h
tests_unit_test_kept_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_kept_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(LWS_LIBS) $(MHD_LIBS) $(UV_LIBS) $(HIREDIS_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/test_native_message
TESTS += tests/unit/test_native_message
tests_unit_test_native_message_SOURCES = tests/unit/test_native_message.c tests/unit/unit.h
tests_unit_test_native_message_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_native_message_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_waker
TESTS += tests/unit/test_waker
tests_unit_test_waker_SOURCES = tests/unit/test_waker.c tests/unit/unit.h
tests_unit_test_waker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_waker_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(UV_LIBS)

check_PROGRAMS += tests/unit/test_worker
TESTS += tests/unit/test_worker
tests_unit_test_worker_SOURCES = tests/unit/test_worker.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_worker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_worker_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(UV_LIBS)

check_PROGRAMS += tests/unit/test_metrics
TESTS += tests/unit/test_metrics
tests_unit_test_metrics_SOURCES = tests/unit/test_metrics.c tests/unit/unit.h
tests_unit_test_metrics_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_metrics_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_bridge_request
TESTS += tests/unit/test_bridge_request
tests_unit_test_bridge_request_SOURCES = tests/unit/test_bridge_request.c tests/unit/unit.h
tests_unit_test_bridge_request_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_bridge_request_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(LWS_LIBS) $(MHD_LIBS) $(UV_LIBS) $(HIREDIS_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/unit/test_redis_message
TESTS += tests/unit/test_redis_message
tests_unit_test_redis_message_SOURCES = tests/unit/test_redis_message.c tests/unit/unit.h
tests_unit_test_redis_message_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_redis_message_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(HIREDIS_LIBS)
