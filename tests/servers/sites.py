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
LIVE = [c for c in ALL if c[2]]
# Each server once, where it is mostly put.
ROOTS = [c for c in LIVE if c[1] == "" or c[0] in IN_FRONT]
# What the normal run takes of ALL and of LIVE: each server, and below a path those whose files say so differently.
SOME = ALL if HEAVY else [*ROOTS, *(c for c in ALL if c[1] and not c[2] and c[0] in ("apache-cgi", "nginx"))]
SOME_LIVE = LIVE if HEAVY else [*ROOTS, *(c for c in LIVE if c[1] and c[0] in ("apache-proxy_fcgi", "lighttpd", "nginx"))]


def some(cases, *normal):
    """All cases in a heavy run, else those with these numbers."""
    return list(cases) if HEAVY else [cases[n] for n in normal]
