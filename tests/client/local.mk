# Tests of the client library.
EXTRA_DIST += tests/client.test tests/client/core.test.js tests/client/editor.test.js tests/client/fake.js tests/client/package.test.js \
  tests/client/schedule.test.js tests/client/types/misuse.tsx tests/client/types/use.tsx \
  tests/frontends/assistant.js tests/frontends/base.js tests/frontends/console.js tests/frontends/frontends.test.js \
  tests/frontends/model.js tests/frontends/monitor.js tests/frontends/site.js tests/frontends/topics.js

if HAVE_NPM
if SYSTEM_TESTS
TESTS += tests/client.test
endif
endif
