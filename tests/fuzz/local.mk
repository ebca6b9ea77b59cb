# Fuzz targets. configure --enable-fuzz CC=clang makes them libFuzzer programs; otherwise they replay their corpora.
if FUZZ
FUZZ_MAIN =
LIBFUZZER = -fsanitize=fuzzer
else
FUZZ_MAIN = tests/fuzz/replay.c
LIBFUZZER =
TESTS += tests/fuzz/fuzz_feed tests/fuzz/fuzz_line tests/fuzz/fuzz_cursor tests/fuzz/fuzz_graph tests/fuzz/fuzz_template
endif

check_PROGRAMS += tests/fuzz/fuzz_feed
tests_fuzz_fuzz_feed_SOURCES = tests/fuzz/fuzz_feed.c $(FUZZ_MAIN)
tests_fuzz_fuzz_feed_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/fuzz_feed"'
tests_fuzz_fuzz_feed_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
tests_fuzz_fuzz_feed_LDADD = $(SHARED_LIBS)
EXTRA_DIST += tests/fuzz/replay.c tests/fuzz/corpus

check_PROGRAMS += tests/fuzz/fuzz_line tests/fuzz/fuzz_cursor
tests_fuzz_fuzz_line_SOURCES = tests/fuzz/fuzz_line.c $(FUZZ_MAIN)
tests_fuzz_fuzz_line_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/fuzz_line"'
tests_fuzz_fuzz_line_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
tests_fuzz_fuzz_line_LDADD = $(SHARED_LIBS)
tests_fuzz_fuzz_cursor_SOURCES = tests/fuzz/fuzz_cursor.c $(FUZZ_MAIN)
tests_fuzz_fuzz_cursor_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/fuzz_cursor"'
tests_fuzz_fuzz_cursor_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
tests_fuzz_fuzz_cursor_LDADD = $(SHARED_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_graph
tests_fuzz_fuzz_graph_SOURCES = tests/fuzz/fuzz_graph.c $(FUZZ_MAIN)
tests_fuzz_fuzz_graph_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/fuzz_graph"'
tests_fuzz_fuzz_graph_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
tests_fuzz_fuzz_graph_LDADD = $(SHARED_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_template
tests_fuzz_fuzz_template_SOURCES = tests/fuzz/fuzz_template.c $(FUZZ_MAIN)
tests_fuzz_fuzz_template_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/fuzz_template"'
tests_fuzz_fuzz_template_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
tests_fuzz_fuzz_template_LDADD = librunner.a $(SHARED_LIBS)
