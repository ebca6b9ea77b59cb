# Unit tests of runner/scrape and shared/html.
check_PROGRAMS += tests/unit/test_scrape_css
TESTS += tests/unit/test_scrape_css
tests_unit_test_scrape_css_SOURCES = tests/unit/test_scrape_css.c tests/unit/unit.h
tests_unit_test_scrape_css_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_scrape_css_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_scrape_robots
TESTS += tests/unit/test_scrape_robots
tests_unit_test_scrape_robots_SOURCES = tests/unit/test_scrape_robots.c tests/unit/unit.h
tests_unit_test_scrape_robots_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_scrape_robots_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_scrape_urls
TESTS += tests/unit/test_scrape_urls
tests_unit_test_scrape_urls_SOURCES = tests/unit/test_scrape_urls.c tests/unit/unit.h
tests_unit_test_scrape_urls_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_scrape_urls_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_html
TESTS += tests/unit/test_html
tests_unit_test_html_SOURCES = tests/unit/test_html.c tests/unit/unit.h
tests_unit_test_html_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_html_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)

check_PROGRAMS += tests/unit/test_textindex
TESTS += tests/unit/test_textindex
tests_unit_test_textindex_SOURCES = tests/unit/test_textindex.c tests/unit/unit.h
tests_unit_test_textindex_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_textindex_LDADD = $(CHECK_LIBS) $(SHARED_LIBS) $(XML_LIBS)

check_PROGRAMS += tests/unit/test_scrape_page
TESTS += tests/unit/test_scrape_page
tests_unit_test_scrape_page_SOURCES = tests/unit/test_scrape_page.c tests/unit/unit.h
tests_unit_test_scrape_page_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_scrape_page_LDADD = $(CHECK_LIBS) $(RUNNER_LIBS)
