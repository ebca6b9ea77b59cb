"""A hundred kill points over a run of twelve nodes."""

import os

import kill_points
from conftest import Instance


def test_a_hundred_kill_points():
    outcomes = kill_points.play(Instance, 100, os.environ.get("CRASH_SEED", "hundred"))
    print(dict(sorted(outcomes.items())))
    # Kills that came too late prove nothing, and neither do a hundred of the same kind.
    assert outcomes["killed run"] >= 20 and outcomes["killed runner"] >= 5 and outcomes["killed run and runner"] >= 5, outcomes
    assert outcomes["resume: resumed"] >= 5 and outcomes["resume: error"] >= 3 and outcomes["fail: error"] >= 10, outcomes
