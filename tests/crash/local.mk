if SYSTEM_TESTS
TESTS += tests/crash.test
endif
EXTRA_DIST += tests/crash.test tests/crash/run tests/crash/harness.py tests/crash/checker.py tests/crash/producers.py \
  tests/crash/followers.py tests/crash/faults.py tests/crash/test_checker.py tests/crash/test_rounds.py tests/crash/test_kill_points.py

# Loaded before libc by the tests of faults: a library, but not one for libtool.
check_PROGRAMS += tests/crash/faultshim.so
tests_crash_faultshim_so_SOURCES = tests/crash/faultshim.c
tests_crash_faultshim_so_CPPFLAGS =
tests_crash_faultshim_so_CFLAGS = -std=gnu17 -Wall -Wextra -fPIC
tests_crash_faultshim_so_LDFLAGS = -shared -pthread
tests_crash_faultshim_so_LDADD =
EXTRA_DIST += tests/crash/powerloss.py tests/crash/test_faults.py
