"""The sets of states fit together: nothing runs and rests, nothing goes and stays."""

from __future__ import annotations

from entrypoint.fleet import states


def test_a_machine_is_in_one_phase():
    phases = (
        states.RUNNING - {"starting"},
        states.RESTING,
        states.TURNING,
        states.DEAD,
        frozenset({"failed"}),
    )
    assert sum(len(phase) for phase in phases) == len(frozenset().union(*phases))


def test_what_is_settled__is_not_turning_and_not_gone():
    assert not states.SETTLED & (states.TURNING | states.DEAD)


def test_an_update_launches__what_runs_or_failed():
    assert {"failed"} == states.LAUNCHED - states.RUNNING
    assert not states.LAUNCHED & states.NOT_RUNNING


def test_a_machine_that_gets_a_config__may_not_have_been_running():
    """`replacing` says nothing of what was before: it is no proof that a start has happened."""
    assert {"replacing", "updating"} == states.RUNNING - states.UP
