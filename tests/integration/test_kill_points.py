"""A few kill points; scripts/test --crash plays a hundred."""

import os

import kill_points


def test_a_run_killed_anywhere_tells_the_truth(new_instance):
    outcomes = kill_points.play(new_instance, 8, os.environ.get("CRASH_SEED", "few"))
    assert sum(n for what, n in outcomes.items() if not what.startswith("killed")) == 8, outcomes
