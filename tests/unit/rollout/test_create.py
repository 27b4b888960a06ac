"""A create whose name is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from entrypoint.fleet.errors import VersionConflict
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import Create
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.bodies import machine_name
from entrypoint.rollout.context import begin
from entrypoint.rollout.gated_step import GatedStep
from entrypoint.rollout.steps.create import create
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Lessor, virtual


@dataclass(slots=True, kw_only=True)
class Taken(Lessor):
    """Has a machine of every name, with another config."""

    asked: list[str] = field(default_factory=list)

    async def create(self, *, name: str, region: Region, config: Mapping[str, Json], **_: Any) -> Machine:
        self.asked.append(name)
        raise VersionConflict(f"{name} exists")


@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_name_that_the_plan_knows_is_not_asked_for__and_a_stranger_that_has_it_is_left_alone(
    known: int,
) -> None:
    """What the plan knows was made by a killed run of it, and changed by somebody since. Else it is another run's."""
    made = plan('[processes]\nweb = "bin/web"\n', scale="web=1")
    (step,) = (step for _, step in made.steps() if isinstance(step, Create))
    names: list[str] = []
    for _ in range(3):
        names.append(machine_name(step.slot, plan=made.digests.plan, taken=names))
    there = [machine(f"m{place}", name=name) for place, name in enumerate(names[:known])]
    fly = Taken()

    async def story() -> int:
        rollout = begin(made, machines=fly, progress=LiveLog(lambda _: None, section=lambda _: None))
        rollout.ledger.note_found(there)
        with pytest.raises(VersionConflict):
            await create(GatedStep(rollout, step, wave=1), step)
        return len(rollout.ledger.touched)

    assert virtual(story) == 0
    assert fly.asked == [names[known]]
    assert len(set(names)) == 3
