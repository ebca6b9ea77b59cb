# Fuzz targets. configure --enable-fuzz CC=clang makes them libFuzzer programs; otherwise they replay their corpora.
FUZZ_TARGETS = tests/fuzz/fuzz_css tests/fuzz/fuzz_page tests/fuzz/fuzz_robots \
  tests/fuzz/fuzz_feed tests/fuzz/fuzz_line tests/fuzz/fuzz_json tests/fuzz/fuzz_cursor tests/fuzz/fuzz_graph \
  tests/fuzz/fuzz_config tests/fuzz/fuzz_query tests/fuzz/fuzz_request tests/fuzz/fuzz_template tests/fuzz/fuzz_http_head \
  tests/fuzz/fuzz_native tests/fuzz/fuzz_cron tests/fuzz/fuzz_tz tests/fuzz/fuzz_import
FUZZ_TARGETS += tests/fuzz/fuzz_testreport
FUZZ_TARGETS += tests/fuzz/fuzz_hook
FUZZ_TARGETS += tests/fuzz/fuzz_token
FUZZ_TARGETS += tests/fuzz/fuzz_deflate
FUZZ_TARGETS += tests/fuzz/fuzz_chat tests/fuzz/fuzz_answer
check_PROGRAMS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/replay.c tests/fuzz/corpus
if FUZZ
FUZZ_MAIN =
LDFLAGS_FUZZ = $(AM_LDFLAGS) -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/replay.c
LDFLAGS_FUZZ = $(AM_LDFLAGS)
TESTS += $(FUZZ_TARGETS)
endif

tests_fuzz_fuzz_feed_SOURCES = tests/fuzz/fuzz_feed.c $(FUZZ_MAIN)
tests_fuzz_fuzz_feed_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_feed_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_line_SOURCES = tests/fuzz/fuzz_line.c $(FUZZ_MAIN)
tests_fuzz_fuzz_line_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_line_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(FUZZ_MAIN)
tests_fuzz_fuzz_json_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_json_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_cursor_SOURCES = tests/fuzz/fuzz_cursor.c $(FUZZ_MAIN)
tests_fuzz_fuzz_cursor_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_cursor_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_graph_SOURCES = tests/fuzz/fuzz_graph.c $(FUZZ_MAIN)
tests_fuzz_fuzz_graph_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_graph_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(FUZZ_MAIN)
tests_fuzz_fuzz_config_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_config_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_query_SOURCES = tests/fuzz/fuzz_query.c $(FUZZ_MAIN)
tests_fuzz_fuzz_query_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_query_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c fcgi/request.c $(FUZZ_MAIN)
tests_fuzz_fuzz_request_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_request_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_testreport_SOURCES = tests/fuzz/fuzz_testreport.c $(FUZZ_MAIN)
tests_fuzz_fuzz_testreport_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_testreport_LDADD = librunner.a $(SHARED_LIBS) $(XML_LIBS)

tests_fuzz_fuzz_template_SOURCES = tests/fuzz/fuzz_template.c $(FUZZ_MAIN)
tests_fuzz_fuzz_template_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_template_LDADD = librunner.a $(SHARED_LIBS)

tests_fuzz_fuzz_http_head_SOURCES = tests/fuzz/fuzz_http_head.c $(FUZZ_MAIN)
tests_fuzz_fuzz_http_head_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_http_head_LDADD = bridge/libbridge.a $(SHARED_LIBS)

tests_fuzz_fuzz_native_SOURCES = tests/fuzz/fuzz_native.c $(FUZZ_MAIN)
tests_fuzz_fuzz_native_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_native_LDADD = bridge/libbridge.a $(SHARED_LIBS)

tests_fuzz_fuzz_deflate_SOURCES = tests/fuzz/fuzz_deflate.c $(FUZZ_MAIN)
tests_fuzz_fuzz_deflate_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_deflate_LDADD = bridge/libbridge.a $(SHARED_LIBS) $(ZLIB_LIBS)

tests_fuzz_fuzz_css_SOURCES = tests/fuzz/fuzz_css.c $(FUZZ_MAIN)
tests_fuzz_fuzz_css_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_css_LDADD = $(RUNNER_LIBS)

tests_fuzz_fuzz_page_SOURCES = tests/fuzz/fuzz_page.c $(FUZZ_MAIN)
tests_fuzz_fuzz_page_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_page_LDADD = $(RUNNER_LIBS)

tests_fuzz_fuzz_robots_SOURCES = tests/fuzz/fuzz_robots.c $(FUZZ_MAIN)
tests_fuzz_fuzz_robots_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_robots_LDADD = $(RUNNER_LIBS)

tests_fuzz_fuzz_cron_SOURCES = tests/fuzz/fuzz_cron.c $(FUZZ_MAIN)
tests_fuzz_fuzz_cron_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_cron_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_tz_SOURCES = tests/fuzz/fuzz_tz.c $(FUZZ_MAIN)
tests_fuzz_fuzz_tz_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_tz_LDADD = $(SHARED_LIBS)
tests_fuzz_fuzz_import_SOURCES = tests/fuzz/fuzz_import.c $(FUZZ_MAIN)
tests_fuzz_fuzz_import_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_import_LDADD = $(SHARED_LIBS) $(YAML_LIBS)

tests_fuzz_fuzz_chat_SOURCES = tests/fuzz/fuzz_chat.c $(FUZZ_MAIN)
tests_fuzz_fuzz_chat_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_chat_LDADD = librunner.a $(SHARED_LIBS)

tests_fuzz_fuzz_answer_SOURCES = tests/fuzz/fuzz_answer.c $(FUZZ_MAIN)
tests_fuzz_fuzz_answer_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_answer_LDADD = librunner.a $(SHARED_LIBS)

tests_fuzz_fuzz_hook_SOURCES = tests/fuzz/fuzz_hook.c $(FUZZ_MAIN)
tests_fuzz_fuzz_hook_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_hook_LDADD = $(SHARED_LIBS)

tests_fuzz_fuzz_token_SOURCES = tests/fuzz/fuzz_token.c $(FUZZ_MAIN)
tests_fuzz_fuzz_token_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_token_LDADD = $(SHARED_LIBS)
