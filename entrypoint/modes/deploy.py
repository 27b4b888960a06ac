"""deploy: read the files, ask Fly and GitHub, and give the answers to `modes/deployed.py`, which decides and executes. check: the same,
without writing.

Everything imported here is loaded before the first request; modes/loading.py lists what is loaded later.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from entrypoint.concurrency import both, watched
from entrypoint.kernel.errors import ExitCode, UsageError
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.run import Gate, Inputs, RunContext
from entrypoint.modes.image import deployed_image
from entrypoint.modes.loading import deploy_parts, load
from entrypoint.modes.source import app_name, read_source
from entrypoint.planning.review.key import ReviewKey, review_key

if TYPE_CHECKING:
    from entrypoint.fleet.model import Fleet
    from entrypoint.manifest.model import Manifest
    from entrypoint.modes.case import Case
    from entrypoint.modes.past import Past
    from entrypoint.modes.result import Result
    from entrypoint.modes.revision import Named
    from entrypoint.modes.source import Source
    from entrypoint.modes.world import Fly, World


async def deploy(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Exit 0 deployed, nothing to do or superseded, 1 findings, 3 blocked, 4 not reviewed, 5 halted."""
    return await _run(inputs, run, world, writes=True)


async def check(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Whether `deploy` would run, for a merge queue: the same exit codes, nothing written."""
    return await _run(inputs, run, world, writes=False)


async def _run(inputs: Inputs, run: RunContext, world: World, *, writes: bool) -> Result:
    source = read_source(inputs, world.files)
    manifest = source.reading.manifest
    if manifest is None or has_errors(source.findings):
        return _tell_findings(source, inputs, run, world)
    world.console.annotate(source.findings)
    async with world.fly(app_name(inputs, manifest)) as fly:

        async def do() -> Result:
            case = await observe(inputs, run, world, source, fly=fly)
            from entrypoint.modes.deployed import finish

            return await finish(case, fly, writes=writes)

        return await watched(do, partial(load, deploy_parts(is_gated=inputs.gate is not Gate.NONE)))


def _tell_findings(source: Source, inputs: Inputs, run: RunContext, world: World) -> Result:
    from entrypoint.modes.result import Result
    from entrypoint.modes.validate import present_findings

    _check_commit(inputs, run, world)
    present_findings(source, inputs, run, console=world.console)
    return Result(exit_code=ExitCode.FINDINGS, outputs={"changes": "false", "result": "invalid"})


async def observe(inputs: Inputs, run: RunContext, world: World, source: Source, *, fly: Fly) -> Case:
    """Read the fleet, and with a gate the past. At the same time: the image that the inputs name, and what the token may do."""
    manifest = source.reading.manifest
    assert manifest is not None
    key = review_key(app=app_name(inputs, manifest), config=source.config, environment=inputs.environment)
    (fleet, past), (named, token) = await both(
        partial(_read_past, inputs, run, world, source, fly=fly, key=key),
        partial(both, partial(_read_named, inputs, manifest, world), fly.preflight.token),
    )
    from entrypoint.modes.case import make_case

    return make_case(inputs, run, world, source, key=key, fleet=fleet, past=past, named=named, token=token)


async def _read_past(
    inputs: Inputs, run: RunContext, world: World, source: Source, *, fly: Fly, key: ReviewKey
) -> tuple[Fleet, Past | None]:
    """The marks on the machines say how far back to look."""
    fleet = await fly.machines.observe()
    if inputs.gate is Gate.NONE:
        return fleet, None
    _check_commit(inputs, run, world)
    from entrypoint.modes.past import read_past

    return fleet, await read_past(inputs, run, world, source, key=key, fleet=fleet)


def _check_commit(inputs: Inputs, run: RunContext, world: World) -> None:
    """Raises UsageError where another commit is checked out than the one that is deployed."""
    head = None if inputs.gate is Gate.NONE else world.files.head()
    if head is not None and head.sha != run.sha:
        raise UsageError(
            f"The checkout is at {head.sha[:12]}, and this run is about {run.sha[:12]}.",
            hint="Use actions/checkout without `ref`, so that what is checked is what is deployed.",
        )


async def _read_named(inputs: Inputs, manifest: Manifest, world: World) -> Named | None:
    """The image that the inputs name; None where the reviewed one may be deployed, which is known only later."""
    if inputs.image is None and inputs.gate is not Gate.NONE:
        return None
    image = await deployed_image(inputs, manifest, world.images, promoted=None)
    from entrypoint.modes.revision import Named, read_revision

    revision = None if inputs.gate is Gate.NONE else await read_revision(image, world)
    return Named(image=image, revision=revision)
