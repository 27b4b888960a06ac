"""What the outputs of a deploy count: what really happened, and stays so."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.run import AllowDestroy
from entrypoint.modes.endings import ended
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import machine_of
from entrypoint.rollout.outcome import Outcome, RolledBack, StepResult, StepStatus
from tests.bench import make_run
from tests.unit.planning.kit import machine, plan, volume

WEB = '[processes]\nweb = "bin/web"\n'
MOUNTED = f'{WEB}[[mounts]]\nsource = "data"\ndestination = "/data"\n'
A, B, C = machine("a"), machine("b"), machine("c")


def strategy(name: str) -> str:
    return f'[deploy]\nstrategy = "{name}"\n{WEB}'


def counts(
    made: Plan, *, status: StepStatus = StepStatus.DONE, undone: tuple[str, ...] = (), restored: bool = True
) -> dict[str, str]:
    results = []
    for place, (wave, step) in enumerate(made.steps()):
        live = machine_of(step)
        id_ = live.id if live else MachineId(f"new{place}")
        results.append(StepResult(step=step, wave=wave, machine=id_, status=status))
    outcome = Outcome(
        plan=made,
        results=tuple(results),
        release=None,
        halted=None,
        rolled_back=tuple(
            RolledBack(
                machine=result.machine,
                group=result.step.group,
                region=result.step.region,
                action="",
                restored=restored,
            )
            for result in results
            if result.machine in undone
        ),
        proof=None,
        leases_left=0,
        lease_ttl=50,
        lowest_running=(),
        seconds=1,
    )
    return dict(ended(outcome, (), make_run("push"), by="mona").counts)


def counted(created: int = 0, updated: int = 0, replaced: int = 0, destroyed: int = 0) -> dict[str, str]:
    found = {"created": created, "updated": updated, "replaced": replaced, "destroyed": destroyed}
    return {name: str(count) for name, count in found.items()}


ALL: dict[str, Any] = {"allow_destroy": AllowDestroy.ALL}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (plan(WEB, A, B), counted(updated=2)),
        (plan(WEB, A, scale="web=3"), counted(created=2, updated=1)),
        (plan(WEB, A, B, C, scale="web=1", **ALL), counted(updated=1, destroyed=2)),
        (plan(MOUNTED, A, volumes=(volume("vol_1"),), **ALL), counted(replaced=1)),
        (plan(strategy("bluegreen"), A, B), counted(updated=2)),
        (plan(strategy("canary"), A, B), counted(updated=2)),
        (plan(strategy("bluegreen"), A, B, scale="web=3"), counted(created=1, updated=2)),
    ],
    ids=[
        "updates",
        "creates",
        "destroys",
        "replacement",
        "a swap is an update",
        "a canary is nothing",
        "all",
    ],
)
def test_what_was_done(made: Plan, expected: dict[str, str]) -> None:
    assert counts(made) == expected
    assert counts(made, status=StepStatus.FAILED) == counted()


def test_what_was_undone__is_not_counted() -> None:
    made = plan(WEB, A, B)
    assert counts(made, undone=("a",)) == counted(updated=1)
    assert counts(made, undone=("a",), restored=False) == counted(updated=2)
