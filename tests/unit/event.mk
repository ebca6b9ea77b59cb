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
