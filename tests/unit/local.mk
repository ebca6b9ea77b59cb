# Unit tests: one program a module, printing TAP. UNIT_TESTS += test_NAME and its sources.
TEST_EXTENSIONS =
AM_TESTS_ENVIRONMENT = CK_TAP_LOG_FILE_NAME=- ; export CK_TAP_LOG_FILE_NAME ;
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
