"""Who is believed about where a client sits, with auth = none: every door judges alike."""

import pytest

from clients import get, refused
from sites import ROOTS, named

REMOTE = "203.0.113.9"
DOORS = ("/api/runs", "/api/poll?stream=runs", "/poll?stream=runs", "/sse?stream=runs")


@pytest.fixture(scope="session")
def site(request, sites):
    return sites(*request.param)


@pytest.mark.parametrize("said", [REMOTE, f"127.0.0.1, {REMOTE}", f"{REMOTE}, 127.0.0.1"])
def test_a_proxy_before_runspool_up_speaks_for_its_clients(sites, said):
    """The last of these is what a second proxy on this machine makes of the first."""
    own = sites("runspool-up")
    for path in DOORS:
        assert get(own.url, path, headers={"X-Forwarded-For": said})[0] == 403, path
    assert refused(own.url, "/ws", headers={"X-Forwarded-For": said}) == 403
    assert get(own.url, "/api/runs", headers={"X-Forwarded-For": "127.0.0.1"})[0] == 200


@pytest.mark.parametrize("site", named(ROOTS), indirect=True, scope="session")
def test_what_clients_say_themselves_lets_nobody_in(site):
    """A foreign Host is refused whatever else is said, and a local client stays one."""
    # An .htaccess cannot have Apache pass Host on to the bridge (ProxyPreserveHost).
    for path in DOORS if site.kind != "apache-cgi" else DOORS[:2]:
        assert get(site.url, path, headers={"Host": "evil.example", "X-Forwarded-For": "127.0.0.1"})[0] == 403, path
    assert get(site.url, "/api/runs")[0] == 200
