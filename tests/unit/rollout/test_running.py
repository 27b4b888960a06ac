"""Whether a machine runs as we write to it, and after its step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entrypoint.planning.model.steps import Create, GateKind, Update
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.running import runs_now, will_run
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual


@pytest.mark.parametrize(
    ("as_found", "state", "launch", "start", "rests", "expected"),
    [
        (False, "started", True, False, False, (True, True)),
        (False, "stopped", False, False, False, (False, False)),
        (False, "stopped", True, True, False, (False, True)),
        (False, "started", True, False, True, (True, False)),
        (True, "started", True, False, False, (True, True)),
        (True, "started", False, False, False, (True, True)),
        (True, "stopped", True, False, False, (False, False)),
        (True, "stopped", True, True, False, (False, True)),
        (True, "failed", True, False, False, (True, True)),
        (True, "failed", False, False, False, (False, False)),
        (True, "stopped", True, True, True, (False, False)),
    ],
)
def test_an_update(
    state: str, expected: tuple[bool, bool], *, as_found: bool, launch: bool, start: bool, rests: bool
) -> None:
    """`as_found`: what counts is its state under lease, not that of the plan."""

    async def story() -> tuple[bool, bool]:
        made = plan('[processes]\nweb = "bin/web"\n', machine("a"))
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        ((_, step),) = made.steps()
        assert isinstance(step, Update)
        gate = replace(step.gate, kind=GateKind.REST) if rests else step.gate
        step = replace(step, as_found=as_found, launch=launch, start=start, gate=gate)
        rollout.ledger.note_found([machine("a", state=state)])
        return runs_now(rollout, step), will_run(rollout, step)

    assert virtual(story) == expected


@pytest.mark.parametrize(("skip_launch", "is_standby"), [(False, False), (True, False), (False, True)])
def test_a_new_machine__runs_unless_it_is_not_started(*, skip_launch: bool, is_standby: bool) -> None:
    async def story() -> bool:
        made = plan('[processes]\nweb = "bin/web"\n', status="pending")
        progress = LiveLog(lambda _: None, section=lambda _: None)
        rollout = begin(made, machines=Strange(timeline=[]), progress=progress)
        step = next(step for _, step in made.steps() if isinstance(step, Create))
        primary = step.slot if is_standby else None
        return will_run(rollout, replace(step, skip_launch=skip_launch, standby_for=primary))

    assert virtual(story) is not (skip_launch or is_standby)
