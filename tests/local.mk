include tests/unit/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk

# The suites that need the whole system; each prints TAP, one line a test.
TEST_EXTENSIONS += .test
TEST_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT += RUNSPOOL_SOURCE='$(abs_top_srcdir)' RUNSPOOL_BUILD='$(abs_top_builddir)' ; export RUNSPOOL_SOURCE RUNSPOOL_BUILD ;
TESTS += tests/lint.test tests/integration.test
EXTRA_DIST += tests/integration/fcgi_fixtures.py tests/integration/test_rest.py
EXTRA_DIST += tests/lint.test tests/integration.test tests/integration/conftest.py \
  tests/integration/test_examples.py tests/integration/test_kill.py tests/integration/test_retry.py tests/integration/test_no_daemon.py tests/integration/test_docs.py \
  tests/integration/bridge_fixture.py tests/integration/test_bridge.py tests/integration/clients.py tests/integration/runs.py \
  tests/integration/test_console_dialect.py tests/integration/test_doors_equal.py tests/integration/test_native.py
include tests/browser/local.mk
include tests/crash/local.mk
