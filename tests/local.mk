# Every test prints TAP, one line a test. The suites that need the whole system come first: they take longest, and the
# many short ones run beside them.
TEST_EXTENSIONS = .test
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT = CK_TAP_LOG_FILE_NAME=- RUNSPOOL_SOURCE='$(abs_top_srcdir)' RUNSPOOL_BUILD='$(abs_top_builddir)' ; \
  export CK_TAP_LOG_FILE_NAME RUNSPOOL_SOURCE RUNSPOOL_BUILD ;

if SYSTEM_TESTS
TESTS += tests/integration.test
endif
include tests/servers/local.mk
include tests/crash/local.mk
include tests/browser/local.mk
include tests/client/local.mk
include tests/npm/local.mk
TESTS += tests/lint.test
EXTRA_DIST += tests/helper/ports.py tests/helper/llm_server.py tests/integration/test_agent.py tests/integration/test_assistant.py tests/integration/test_dialect_assistant.py tests/integration/test_api_docs.py
EXTRA_DIST += tests/helper/llm_server.py tests/integration/test_agent.py
EXTRA_DIST += tests/integration/test_isolation.py tests/integration/issuer.py tests/integration/test_auth.py tests/integration/test_batch.py
EXTRA_DIST += tests/fixtures/import tests/integration/test_import.py
EXTRA_DIST += tests/integration/test_secrets.py tests/integration/test_node_types.py
EXTRA_DIST += tests/integration/test_topics.py tests/integration/test_history.py
EXTRA_DIST += tests/integration/fcgi_fixtures.py tests/integration/test_rest.py tests/integration/test_artifacts.py
EXTRA_DIST += tests/integration/doors.py tests/integration/test_redis.py tests/integration/test_dialect_monitor.py tests/integration/test_dialect_crew.py
EXTRA_DIST += tests/lint.test tests/integration.test tests/integration/conftest.py \
  tests/integration/test_examples.py tests/integration/test_jq_try.py tests/integration/test_kill.py tests/integration/test_retry.py tests/integration/test_policies.py tests/integration/kill_points.py tests/integration/test_kill_points.py tests/integration/test_two_runners.py tests/integration/test_versions.py tests/integration/test_no_daemon.py tests/integration/test_docs.py \
  tests/integration/bridge_fixture.py tests/integration/test_bridge.py tests/integration/clients.py tests/integration/runs.py \
  tests/integration/test_schedules.py tests/integration/test_webhooks.py tests/integration/test_params.py tests/integration/test_reports.py tests/integration/test_console_dialect.py tests/integration/test_doors_equal.py tests/integration/test_upgrade.py tests/integration/test_views.py tests/integration/test_native.py tests/integration/test_gzip.py tests/integration/test_polls.py tests/integration/test_kept.py tests/integration/test_ws_closing.py tests/integration/test_gather.py tests/integration/test_random_requests.py tests/integration/raw.py tests/integration/test_many_joiners.py tests/integration/test_compression.py \
  tests/integration/test_sessions.py tests/integration/test_queue.py tests/integration/test_adws.py tests/integration/test_routes_stats.py tests/integration/test_board_topics.py tests/integration/test_board_orgs.py
EXTRA_DIST += tests/integration/test_load.py
include tests/conformance/local.mk
include tests/unit/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk
