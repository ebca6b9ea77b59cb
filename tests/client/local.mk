# Tests of the client library.
EXTRA_DIST += tests/client.test tests/client/core.test.js tests/client/fake.js tests/client/schedule.test.js

if HAVE_NPM
if SYSTEM_TESTS
TESTS += tests/client.test
endif
endif
