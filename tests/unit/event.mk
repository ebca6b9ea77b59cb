check_PROGRAMS += tests/unit/test_eventlog_vfs
TESTS += tests/unit/test_eventlog_vfs
tests_unit_test_eventlog_vfs_SOURCES = tests/unit/test_eventlog_vfs.c tests/unit/unit.h
tests_unit_test_eventlog_vfs_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_eventlog_vfs_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_eventlog
TESTS += tests/unit/test_eventlog
tests_unit_test_eventlog_SOURCES = tests/unit/test_eventlog.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_eventlog_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_eventlog_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_spool
TESTS += tests/unit/test_spool
tests_unit_test_spool_SOURCES = tests/unit/test_spool.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_spool_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_spool_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_stream
TESTS += tests/unit/test_stream
tests_unit_test_stream_SOURCES = tests/unit/test_stream.c tests/unit/unit.h
tests_unit_test_stream_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_stream_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_cursor
TESTS += tests/unit/test_cursor
tests_unit_test_cursor_SOURCES = tests/unit/test_cursor.c tests/unit/unit.h
tests_unit_test_cursor_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cursor_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_event
TESTS += tests/unit/test_event
tests_unit_test_event_SOURCES = tests/unit/test_event.c tests/unit/unit.h
tests_unit_test_event_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_event_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_line
TESTS += tests/unit/test_line
tests_unit_test_line_SOURCES = tests/unit/test_line.c tests/unit/unit.h
tests_unit_test_line_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_line_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_jsonscan
TESTS += tests/unit/test_jsonscan
tests_unit_test_jsonscan_SOURCES = tests/unit/test_jsonscan.c tests/unit/unit.h
tests_unit_test_jsonscan_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jsonscan_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_view
TESTS += tests/unit/test_view
tests_unit_test_view_SOURCES = tests/unit/test_view.c tests/unit/unit.h
tests_unit_test_view_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_view_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_spool_ring
TESTS += tests/unit/test_spool_ring
tests_unit_test_spool_ring_SOURCES = tests/unit/test_spool_ring.c tests/unit/unit.h
tests_unit_test_spool_ring_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_spool_ring_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_trim
TESTS += tests/unit/test_trim
tests_unit_test_trim_SOURCES = tests/unit/test_trim.c tests/unit/trim.h tests/unit/unit.h tests/unit/instance.h
tests_unit_test_trim_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_trim_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_gaps
TESTS += tests/unit/test_gaps
tests_unit_test_gaps_SOURCES = tests/unit/test_gaps.c tests/unit/trim.h tests/unit/unit.h tests/unit/instance.h
tests_unit_test_gaps_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_gaps_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_writer
TESTS += tests/unit/test_writer
tests_unit_test_writer_SOURCES = tests/unit/test_writer.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_writer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_writer_LDADD = bridge/libbridge.a $(CHECK_LIBS) $(SHARED_LIBS) $(UV_LIBS)

check_PROGRAMS += tests/unit/test_mark
TESTS += tests/unit/test_mark
tests_unit_test_mark_SOURCES = tests/unit/test_mark.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_mark_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_mark_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_arrivals
TESTS += tests/unit/test_arrivals
tests_unit_test_arrivals_SOURCES = tests/unit/test_arrivals.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_arrivals_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_arrivals_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_wal
TESTS += tests/unit/test_wal
tests_unit_test_wal_SOURCES = tests/unit/test_wal.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_wal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_wal_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)

check_PROGRAMS += tests/unit/test_pending
TESTS += tests/unit/test_pending
tests_unit_test_pending_SOURCES = tests/unit/test_pending.c tests/unit/unit.h tests/unit/instance.h
tests_unit_test_pending_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_pending_LDADD = $(CHECK_LIBS) $(SHARED_LIBS)
