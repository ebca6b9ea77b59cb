# Tools from npm that tests use, at locked versions, into npm-tools/.
EXTRA_DIST += tests/npm/package.json tests/npm/package-lock.json tests/npm/lint-api.js

if HAVE_NPM
if SYSTEM_TESTS
check_DATA += npm-tools.stamp
endif
endif

npm-tools.stamp: tests/npm/package.json tests/npm/package-lock.json tests/npm/lint-api.js
	$(npm_verbose)$(MKDIR_P) npm-tools && cp $(srcdir)/tests/npm/*.js* npm-tools/ && chmod u+w npm-tools/*.js* && \
	  (cd npm-tools && $(NPM) ci --loglevel=error --no-audit --no-fund --ignore-scripts >/dev/null) && touch $@

CLEANFILES += npm-tools.stamp
distclean-local: clean-npm-tools
clean-npm-tools:
	rm -rf npm-tools
.PHONY: clean-npm-tools
