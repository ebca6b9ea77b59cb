# Programs that print figures. `make bench` builds them; neither `all` nor `check` does.
BENCHES = tests/bench/bench_index tests/bench/bench_eventlog tests/bench/bench_stuck tests/bench/bench_mask \
  tests/bench/bench_emit tests/bench/bench_deflate
EXTRA_PROGRAMS += $(BENCHES)
CLEANFILES += $(BENCHES)
.PHONY: bench
bench: $(BENCHES)

tests_bench_bench_eventlog_SOURCES = tests/bench/bench_eventlog.c
tests_bench_bench_eventlog_LDADD = $(SHARED_LIBS)

tests_bench_bench_emit_SOURCES = tests/bench/bench_emit.c
tests_bench_bench_emit_LDADD = $(SHARED_LIBS)

tests_bench_bench_index_SOURCES = tests/bench/bench_index.c
tests_bench_bench_index_LDADD = $(SHARED_LIBS) $(XML_LIBS)

tests_bench_bench_stuck_SOURCES = tests/bench/bench_stuck.c
tests_bench_bench_stuck_LDADD =

tests_bench_bench_deflate_SOURCES = tests/bench/bench_deflate.c
tests_bench_bench_deflate_LDADD =

tests_bench_bench_mask_SOURCES = tests/bench/bench_mask.c
tests_bench_bench_mask_LDADD = $(SHARED_LIBS)

# These need no building.
EXTRA_DIST += \
	tests/bench/bench_graph.js \
	tests/bench/bench_history.py \
	tests/bench/bench_page.js \
	tests/bench/bench_runs.py \
	tests/bench/bench_servers.py \
	tests/bench/bench_topics.py \
	tests/bench/bench_traffic.js \
	tests/bench/bench_watched.py
