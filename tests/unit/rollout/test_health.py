"""Verdicts over one observation of a machine."""

from __future__ import annotations

import pytest

from entrypoint.fleet.model import CheckStatus, ExitEvent, Machine
from entrypoint.kernel.ids import MachineId, Region, Version
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.rollout.health import (
    Health,
    is_as_gated,
    read_checks,
    read_passed,
    read_start,
    reports_under_other_names,
)

CHECKS = HealthGate(kind=GateKind.CHECKS, checks=("c0", "c1"), label="http /up", timeout=60)


def machine(**changes):
    return Machine(
        **{
            "id": MachineId("m"),
            "name": "m",
            "version": Version("v"),
            "state": "started",
            "region": Region("ams"),
            "config": {},
            "image_digest": None,
        }
        | changes
    )


def exited(**changes):
    return ExitEvent(
        **{
            "exit_code": 1,
            "requested_stop": False,
            "restarting": True,
            "restart_count": 1,
            "oom_killed": False,
            "timestamp": 1,
        }
        | changes
    )


def rows(*statuses):
    return tuple(
        CheckStatus(name=f"c{i}", status=status, output="500 oops") for i, status in enumerate(statuses)
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("started", Health.PASSED),
        ("created", Health.WAITING),
        ("starting", Health.WAITING),
        ("replacing", Health.WAITING),
        ("a-word-of-tomorrow", Health.WAITING),
        ("stopped", Health.RESTS),
        ("suspended", Health.RESTS),
        ("failed", Health.BROKEN),
        ("destroyed", Health.BROKEN),
        ("launch_failed", Health.BROKEN),
    ],
)
def test_states(state, expected) -> None:
    assert read_start(machine(state=state)).health is expected


def test_stopped_between_restarts__is_not_broken_yet() -> None:
    assert read_start(machine(state="stopped", last_exit=exited())).health is Health.WAITING


def test_crash_loop__is_broken_although_it_is_started() -> None:
    reading = read_start(machine(last_exit=exited(restart_count=2, exit_code=137, oom_killed=True)))
    assert reading.health is Health.BROKEN
    assert "out of memory" in reading.said[0]


def test_a_requested_stop__is_no_crash() -> None:
    assert read_start(machine(last_exit=exited(restart_count=5, requested_stop=True))).health is Health.PASSED


def test_stopped_by_the_proxy__has_shown_nothing() -> None:
    config = {"services": [{"autostop": True}]}
    stopped = machine(state="stopped", config=config, last_start=1, last_exit=exited(requested_stop=True))
    assert read_checks(stopped, CHECKS).health is Health.ASLEEP
    never_up = machine(state="stopped", config=config)
    assert read_start(never_up).health is Health.ASLEEP
    ended = machine(state="stopped", config=config, last_exit=exited(restarting=False))
    assert read_start(ended).health is Health.BROKEN


def test_stopped_with_an_exit_of_its_own__is_broken_at_once() -> None:
    ended = machine(state="stopped", last_exit=exited(exit_code=3, restarting=False))
    reading = read_start(ended)
    assert reading.health is Health.BROKEN
    assert "code 3" in reading.why


def test_no_check_rows__is_not_yet() -> None:
    assert read_checks(machine(), CHECKS).health is Health.WAITING


def test_all_configured_checks_must_pass() -> None:
    assert read_checks(machine(checks=rows("passing", "passing")), CHECKS).health is Health.PASSED
    assert read_checks(machine(checks=rows("passing")), CHECKS).health is Health.WAITING
    warning = read_checks(machine(checks=rows("passing", "warning")), CHECKS)
    assert warning.health is Health.WAITING
    assert warning.said == ("c1: warning, 500 oops",)
    assert warning.progress == "1/2 checks"


def test_more_rows_than_configured__must_all_pass() -> None:
    assert (
        read_checks(machine(checks=rows("passing", "passing", "critical")), CHECKS).health is Health.WAITING
    )


def test_a_report_of_another_name__stands_for_none_of_ours() -> None:
    other = (CheckStatus(name="x", status="passing"), CheckStatus(name="y", status="passing"))
    assert read_checks(machine(checks=other), CHECKS).health is Health.WAITING
    assert reports_under_other_names(machine(checks=other), CHECKS)
    assert not reports_under_other_names(machine(checks=other[:1]), CHECKS)
    assert not reports_under_other_names(machine(), CHECKS)


def test_two_reports_of_one_name__are_one() -> None:
    twice = (CheckStatus(name="c0", status="passing"), CheckStatus(name="c0", status="passing"))
    assert read_checks(machine(checks=twice), CHECKS).health is Health.WAITING


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"checks": rows("passing", "critical")}, "c1 turned critical"),
        ({"last_exit": exited()}, "code 1, and was restarted"),
        ({"state": "stopped", "last_exit": exited(restarting=False)}, "code 1"),
        ({"state": "stopped"}, "does not show why"),
        ({"state": "stopped", "last_exit": exited(exit_code=0, requested_stop=True)}, "somebody stopped it"),
        ({"state": "failed"}, "failed to start"),
        ({"state": "destroyed"}, "it is destroyed"),
    ],
)
def test_a_machine_that_passed__must_hold_what_it_showed(changes, why) -> None:
    reading = read_passed(machine(**changes), CHECKS)
    assert reading.health is Health.BROKEN
    assert why in reading.why


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": rows("passing", "warning")},
        {"checks": ()},
        {"state": "starting"},
        {"last_exit": exited(requested_stop=True)},
        {"state": "stopped", "config": {"services": [{"autostop": "stop"}]}},
    ],
)
def test_a_machine_that_passed__may_do_what_is_nobodys_fault(changes) -> None:
    assert read_passed(machine(**changes), CHECKS).health is Health.PASSED


def test_rest_gate__takes_any_resting_state() -> None:
    rest = HealthGate(kind=GateKind.REST, timeout=1)
    states = ("stopped", "suspended", "created", "started", "replacing")
    assert [is_as_gated(machine(state=s), rest, passed=True) for s in states] == [
        True,
        True,
        True,
        True,
        False,
    ]


def test_gone_gate() -> None:
    gone = HealthGate(kind=GateKind.GONE, timeout=1)
    assert is_as_gated(machine(state="destroying"), gone, passed=True)
    assert not is_as_gated(machine(state="started"), gone, passed=True)


def test_a_gate_with_checks__holds_while_all_rows_pass_or_the_proxy_has_stopped_it() -> None:
    assert is_as_gated(machine(checks=rows("passing", "passing")), CHECKS, passed=True)
    assert not is_as_gated(machine(checks=rows("passing", "critical")), CHECKS, passed=True)
    stopped = machine(state="stopped", config={"services": [{"autostop": "stop"}]})
    assert is_as_gated(stopped, CHECKS, passed=True)
    assert not is_as_gated(stopped, CHECKS, passed=False)
    assert not is_as_gated(machine(state="stopped"), CHECKS, passed=True)


def test_a_machine_that_the_proxy_is_just_waking__is_as_it_should_be() -> None:
    autostop = {"services": [{"autostop": "stop"}]}
    assert is_as_gated(machine(state="starting", config=autostop), CHECKS, passed=True)
    assert not is_as_gated(machine(state="starting"), CHECKS, passed=True)
    assert not is_as_gated(machine(state="failed", config=autostop), CHECKS, passed=True)
