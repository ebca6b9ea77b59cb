# The configurations of contrib/ under the real web servers.
if SYSTEM_TESTS
TESTS += tests/servers.test
endif
EXTRA_DIST += tests/servers.test tests/servers/conftest.py tests/servers/door.mjs tests/servers/sites.py tests/servers/sites_up.py tests/servers/test_client.py tests/servers/test_conformance.py tests/servers/test_doctor.py tests/servers/test_live.py \
  tests/servers/test_polls.py tests/servers/test_reload.py tests/servers/test_rest.py tests/servers/test_systemd.py tests/servers/test_tokens.py tests/servers/test_trust.py tests/servers/webservers.py
