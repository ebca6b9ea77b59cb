# Tests of the client library and of the dashboard in Chromium. Their libraries come from npm into npm-tests/.
EXTRA_DIST += \
	tests/browser.test \
	tests/browser/actions.test.js \
	tests/browser/app.test.js \
	tests/browser/assistant.test.js \
	tests/browser/auth.test.js \
	tests/browser/axe.test.js \
	tests/browser/browser.js \
	tests/browser/client.test.js \
	tests/browser/compare.test.js \
	tests/browser/crews.test.js \
	tests/browser/editor.test.js \
	tests/browser/doctor.test.js \
	tests/browser/eventsource.test.js \
	tests/browser/export.test.js \
	tests/browser/flood.test.js \
	tests/browser/forms.test.js \
	tests/browser/log.test.js \
	tests/browser/metrics.test.js \
	tests/browser/mock/instance.js \
	tests/browser/mock/log.js \
	tests/browser/mock/sample.js \
	tests/browser/model.js \
	tests/browser/graph.test.js \
	tests/browser/modules.js \
	tests/browser/monitor.test.js \
	tests/browser/package-lock.json \
	tests/browser/package.json \
	tests/browser/page.test.js \
	tests/browser/people.test.js \
	tests/browser/places.test.js \
	tests/browser/proxy.js \
	tests/browser/results.test.js \
	tests/browser/runspool.js \
	tests/browser/runs.test.js \
	tests/browser/screenshots.js \
	tests/browser/stage.js \
	tests/browser/tabs.test.js \
	tests/browser/token.test.js \
	tests/browser/view.test.js \
	tests/browser/workflows.test.js

if HAVE_NPM
if SYSTEM_TESTS
TESTS += tests/browser.test
check_DATA = npm-tests.stamp
endif
endif

npm-tests.stamp: tests/browser/package.json tests/browser/package-lock.json
	$(npm_verbose)$(MKDIR_P) npm-tests && cp $(srcdir)/tests/browser/package.json $(srcdir)/tests/browser/package-lock.json npm-tests/ && \
	  chmod u+w npm-tests/package.json npm-tests/package-lock.json && \
	  (cd npm-tests && $(NPM) ci --loglevel=error --no-audit --no-fund --ignore-scripts >/dev/null) && touch $@

CLEANFILES += npm-tests.stamp
distclean-local: clean-npm-tests
clean-npm-tests:
	rm -rf npm-tests
.PHONY: clean-npm-tests
