"""Which servers are tested where. HEAVY=yes takes every combination."""

import os

import pytest

CONTRIB = ("apache-proxy_fcgi", "apache-fcgid", "apache-cgi", "lighttpd", "nginx")
IN_FRONT = ("apache-in-front", "nginx-in-front")
ALL = [(kind, prefix, bridge) for kind in (*CONTRIB, *IN_FRONT) for prefix in ("", "/runs") for bridge in (True, False)
       if prefix or kind not in IN_FRONT]


def named(combinations):
    return [pytest.param(c, id=f"{c[0]}{c[1].replace('/', ' at ')}{'' if c[2] else ' without bridge'}") for c in combinations]


HEAVY = os.environ.get("HEAVY") == "yes"
# In the normal run: everyone with a bridge at the root, everyone without one below a path.
SOME = ALL if HEAVY else [c for c in ALL if c[2] == (not c[1] or c[0] in IN_FRONT)]
LIVE = [c for c in ALL if c[2]]
ROOTS = [c for c in LIVE if c[1] == "" or c[0] in IN_FRONT]
BELOW = [c for c in LIVE if c[1] and c[0] in CONTRIB]
