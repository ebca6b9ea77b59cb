# The scrape kind's parts, and rag_search.
librunner_a_SOURCES += \
  runner/nodes/rag_search.c \
  runner/nodes/scrape.c \
  runner/scrape/crawl.c runner/scrape/crawl.h \
  runner/scrape/css.c runner/scrape/css.h \
  runner/scrape/csslex.c runner/scrape/csslex.h \
  runner/scrape/csspath.c runner/scrape/csspath.h \
  runner/scrape/csssimple.c runner/scrape/csssimple.h \
  runner/scrape/fetch.c \
  runner/scrape/frontier.c runner/scrape/frontier.h \
  runner/scrape/itemfile.c runner/scrape/itemfile.h \
  runner/scrape/page.c runner/scrape/page.h \
  runner/scrape/reading.c \
  runner/scrape/robots.c runner/scrape/robots.h \
  runner/scrape/select.c runner/scrape/select.h \
  runner/scrape/settings.c runner/scrape/settings.h \
  runner/scrape/sitemap.c runner/scrape/sitemap.h \
  runner/scrape/urls.c runner/scrape/urls.h
EXTRA_DIST += tests/integration/test_scrape.py tests/integration/scrape_site.py tests/integration/test_index.py
