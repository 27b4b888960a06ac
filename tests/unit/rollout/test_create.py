"""A create that finds its name taken by a machine that somebody has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from entrypoint.fleet.errors import VersionConflict
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import Create, Step
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

    async def create(self, *, name: str, region: Region, config: Mapping[str, Json], **_: Any) -> Machine:
        raise VersionConflict(f"{name} exists")


@pytest.mark.parametrize("known", [True, False])
def test_a_rollback_destroys_it__only_if_the_plan_knew_it(known: bool) -> None:
    """What the plan knew was made by a killed run of it, and no later run can create the machine unless it goes. Else it is another run's."""
    made = plan('[processes]\nweb = "bin/web"\n', scale="web=1")
    (step,) = (step for _, step in made.steps() if isinstance(step, Create))
    name = machine_name(step.slot, plan=made.digests.plan) if known else "web-of-somebody"
    there = machine("a", name=name)

    async def story() -> list[Step]:
        rollout = begin(made, machines=Taken(), progress=LiveLog(lambda _: None, section=lambda _: None))
        rollout.ledger.found[there.id] = there
        with pytest.raises(VersionConflict):
            await create(GatedStep(rollout, step, wave=1), step)
        return [touched.step for touched in rollout.ledger.touched]

    assert virtual(story) == [step] * known
