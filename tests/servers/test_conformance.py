"""The conformance suite through every web server. The normal run takes what each door replays, through
the longest way there is (nginx, lighttpd, the programs); HEAVY=yes takes all of it through all of them."""

import subprocess

import pytest

from conftest import RUNSPOOL
from sites import LIVE, ROOTS, named



@pytest.fixture(scope="session")
def site(request, sites):
    return sites(*request.param)


def conformance(site, *args):
    done = subprocess.run([RUNSPOOL, "conformance", "--url", site.url, *args], capture_output=True, text=True, timeout=1800)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("site", named([c for c in ROOTS if c[0] == "nginx-in-front"]), indirect=True, scope="session")
def test_every_door_replays_alike(site):
    status, said = conformance(site, "--only", "native", "--require", "all", "--keyword", "TestRun and replayed")
    assert status == 0, said + site.logs()


@pytest.mark.heavy
@pytest.mark.parametrize("site", named(LIVE), indirect=True, scope="session")
def test_the_whole_suite(site):
    status, said = conformance(site, "--require", "all")
    assert status == 0, said + site.logs()
