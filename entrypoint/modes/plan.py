"""plan: read the files, ask Fly, and give the answers to `modes/planned.py`, which makes and publishes the plan.

Everything imported here is loaded before the first request; modes/loading.py lists what is loaded later.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from entrypoint.concurrency import both
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.run import Inputs, RunContext
from entrypoint.modes.image import planned_image
from entrypoint.modes.loading import load, plan_parts
from entrypoint.modes.preflight import look_around
from entrypoint.modes.source import app_name
from entrypoint.modes.subject import checkout_of, read_subject

if TYPE_CHECKING:
    from entrypoint.fleet.model import Fleet
    from entrypoint.manifest.model import Manifest
    from entrypoint.modes.result import Result
    from entrypoint.modes.world import Fly, World
    from entrypoint.planning.model.image import Image
    from entrypoint.planning.preflight.answers import Answers


async def plan(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Exit 0 with a plan, 1 for errors in the files, 3 for a plan that cannot be executed."""
    subject = await read_subject(inputs, run, world)
    manifest, findings = subject.source.reading.manifest, subject.source.findings
    if manifest is None or has_errors(findings):
        from entrypoint.modes.invalid import publish_findings

        return await publish_findings(subject, inputs, world)
    app = app_name(inputs, manifest)
    world.console.annotate(findings)
    is_posted = world.github is not None and subject.run.pull_number is not None
    async with world.fly(app) as fly:
        (fleet, image, answers), _ = await both(
            partial(_ask, inputs, manifest, world, fly), partial(load, plan_parts(is_posted=is_posted))
        )
        from entrypoint.modes.planned import make, publish_plan

        checkout = checkout_of(subject)
        made = await make(subject, inputs, fly, fleet=fleet, image=image, answers=answers)
    return await publish_plan(made, subject, inputs, world, checkout=checkout, fleet=fleet)


async def _ask(inputs: Inputs, manifest: Manifest, world: World, fly: Fly) -> tuple[Fleet, Image, Answers]:
    """Read the fleet first: a token that Fly does not accept also fails at the registry, with a less useful message."""
    (fleet, image), answers = await both(
        partial(both, fly.machines.observe, partial(planned_image, inputs, manifest, world.images)),
        partial(look_around, fly.preflight),
    )
    return fleet, image, answers
