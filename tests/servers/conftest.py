"""What tests/integration/conftest.py has, and web servers that run the configurations of contrib/."""

import importlib.util
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
INTEGRATION = HERE.parent / "integration"
sys.path[:0] = [str(HERE), str(INTEGRATION)]

# Both files are called conftest; what asks for that name gets everything from here.
_spec = importlib.util.spec_from_file_location("integration_conftest", INTEGRATION / "conftest.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})


@pytest.fixture(scope="session")
def sites():
    """sites(kind, prefix="", bridge=True): a web server of that kind and its Runspool, started once a session."""
    from webservers import Sites
    made = Sites()
    yield made.get
    made.close()


@pytest.fixture
def new_site():
    """The same, of one test: new_site(kind, prefix="", bridge=True, settings=())."""
    from webservers import Sites
    made = Sites()
    yield made.new
    made.close()
