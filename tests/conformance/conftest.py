"""Fixtures of the conformance suite. The install under test comes from the environment (RUNSPOOL_URL, RUNSPOOL_TOKEN, ...),
which `runspool conformance` sets from its options."""

import pytest

from doors import NAMES
from install import install_of


@pytest.fixture(scope="session")
def install():
    it = install_of()
    yield it
    it.clean()


def _carried(install, door):
    if install.carried[door] is not None:
        pytest.skip(f"not carried: {install.carried[door]}")
    return door


@pytest.fixture(params=NAMES)
def door(install, request):
    """Each door in turn; one that this install does not carry is skipped, and reported so."""
    return _carried(install, request.param)


@pytest.fixture(params=["ws"])
def ws(install, request):
    """For tests of the WebSocket alone; the same for sse."""
    return _carried(install, request.param)


@pytest.fixture(params=["sse"])
def sse(install, request):
    return _carried(install, request.param)


@pytest.fixture(params=["poll"])
def poll(install, request):
    return _carried(install, request.param)


@pytest.fixture(params=["poll", "api"])
def polls(install, request):
    """Both polls in turn."""
    return _carried(install, request.param)


@pytest.fixture(params=["sse", "poll", "api"])
def twin(install, request):
    """All doors but the WebSocket."""
    return _carried(install, request.param)


@pytest.fixture
def jwt(install):
    if install.auth != "jwt":
        pytest.skip("not run: this install has auth = none")


@pytest.fixture
def no_auth(install):
    if install.auth != "none":
        pytest.skip("not run: this install wants tokens")


@pytest.fixture(scope="session")
def model(install):
    """The name of a model that agents of this install can use."""
    if not install.model:
        pytest.skip("not run: needs a model (--model NAME)")
    return install.model
