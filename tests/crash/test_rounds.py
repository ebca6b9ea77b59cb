"""A few rounds of the crash harness; `tests/crash/run` plays as many as wanted."""

import os

import harness


def test_no_event_is_lost_whoever_is_killed():
    seed = os.environ.get("CRASH_SEED", "short")
    said = []
    totals = harness.play_rounds(10, seed, say=said.append)
    assert not totals.failures, "\n".join(said)
    assert totals.rounds == 10 and sum(totals.kills.values()) >= 5, said
