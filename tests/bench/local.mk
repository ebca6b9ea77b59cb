# Programs that print figures. `make bench` builds them; neither `all` nor `check` does.
BENCHES = tests/bench/bench_index tests/bench/bench_eventlog tests/bench/bench_stuck tests/bench/bench_mask \
  tests/bench/bench_emit tests/bench/bench_deflate
BENCHES += tests/bench/delivery/floor tests/bench/delivery/relay
BENCHES += tests/bench/bench_replay tests/bench/bench_storm tests/bench/bench_leave tests/bench/bench_scale tests/bench/bench_log
BENCHES += tests/bench/bench_soak
BENCHES += tests/bench/bench_gzip
EXTRA_PROGRAMS += $(BENCHES)
CLEANFILES += $(BENCHES)
.PHONY: bench
bench: $(BENCHES) tests/bench/delivery/load

tests_bench_bench_eventlog_SOURCES = tests/bench/bench_eventlog.c
tests_bench_bench_eventlog_LDADD = $(SHARED_LIBS)

tests_bench_bench_emit_SOURCES = tests/bench/bench_emit.c
tests_bench_bench_emit_LDADD = $(SHARED_LIBS)

tests_bench_bench_index_SOURCES = tests/bench/bench_index.c
tests_bench_bench_index_LDADD = $(SHARED_LIBS) $(XML_LIBS)

tests_bench_bench_stuck_SOURCES = tests/bench/bench_stuck.c
tests_bench_bench_stuck_LDADD = tests/bench/libbench.a

tests_bench_bench_deflate_SOURCES = tests/bench/bench_deflate.c
tests_bench_bench_deflate_LDADD = tests/bench/libbench.a

tests_bench_bench_mask_SOURCES = tests/bench/bench_mask.c
tests_bench_bench_mask_LDADD = $(SHARED_LIBS)

check_PROGRAMS += tests/bench/delivery/load # tests/integration/test_load.py
tests_bench_delivery_load_SOURCES = tests/bench/delivery/load.c \
  tests/bench/delivery/door.c \
  tests/bench/delivery/http.c tests/bench/delivery/http.h \
  tests/bench/delivery/ledger.c tests/bench/delivery/ledger.h \
  tests/bench/delivery/loop.c tests/bench/delivery/loop.h \
  tests/bench/delivery/publisher.c tests/bench/delivery/publisher.h \
  tests/bench/delivery/subscriber.c tests/bench/delivery/subscriber.h \
  tests/bench/delivery/usage.c tests/bench/delivery/usage.h
tests_bench_delivery_load_LDADD = $(SHARED_LIBS)

tests_bench_delivery_floor_SOURCES = tests/bench/delivery/floor.c
tests_bench_delivery_floor_LDADD =

tests_bench_delivery_relay_SOURCES = tests/bench/delivery/relay.c
tests_bench_delivery_relay_LDADD = $(SQLITE_LIBS)

# What programs share that have clients of their own.
EXTRA_LIBRARIES += tests/bench/libbench.a
tests_bench_libbench_a_SOURCES = \
  tests/bench/delivery/http.c tests/bench/delivery/http.h \
  tests/bench/lib/base.c tests/bench/lib/base.h \
  tests/bench/lib/bridge.c tests/bench/lib/bridge.h \
  tests/bench/lib/clients.c tests/bench/lib/clients.h \
  tests/bench/lib/doors.c tests/bench/lib/doors.h \
  tests/bench/lib/emitter.c tests/bench/lib/emitter.h \
  tests/bench/lib/lines.c tests/bench/lib/lines.h
CLEANFILES += tests/bench/libbench.a

tests_bench_bench_gzip_SOURCES = tests/bench/bench_gzip.c
tests_bench_bench_gzip_LDADD = tests/bench/libbench.a $(ZLIB_LIBS)

tests_bench_bench_replay_SOURCES = tests/bench/bench_replay.c
tests_bench_bench_replay_LDADD = tests/bench/libbench.a

tests_bench_bench_storm_SOURCES = tests/bench/bench_storm.c
tests_bench_bench_storm_LDADD = tests/bench/libbench.a

tests_bench_bench_leave_SOURCES = tests/bench/bench_leave.c
tests_bench_bench_leave_LDADD = tests/bench/libbench.a

tests_bench_bench_scale_SOURCES = tests/bench/bench_scale.c
tests_bench_bench_scale_LDADD = tests/bench/libbench.a

tests_bench_bench_log_SOURCES = tests/bench/bench_log.c
tests_bench_bench_log_LDADD = tests/bench/libbench.a $(SHARED_LIBS)

tests_bench_bench_soak_SOURCES = tests/bench/bench_soak.c tests/bench/soak_samples.c tests/bench/soak_samples.h
tests_bench_bench_soak_LDADD = tests/bench/libbench.a

# These need no building.
EXTRA_DIST += \
	tests/bench/bench_batch.py \
	tests/bench/bench_graph.js \
	tests/bench/bench_history.py \
	tests/bench/bench_page.js \
	tests/bench/bench_runs.py \
	tests/bench/bench_servers.py \
	tests/bench/bench_topics.py \
	tests/bench/bench_traffic.js \
	tests/bench/bench_watched.py
EXTRA_DIST += tests/bench/delivery/README.md \
	tests/bench/delivery/cases.py \
	tests/bench/delivery/measure.py \
	tests/bench/delivery/peers \
	tests/bench/delivery/peers.py \
	tests/bench/delivery/plots.py \
	tests/bench/delivery/report.py \
	tests/bench/delivery/run.py
