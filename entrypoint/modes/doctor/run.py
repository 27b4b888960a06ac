"""doctor: ask Fly, the registry and GitHub side by side, and print one line for each thing that a deploy needs."""

from __future__ import annotations

from functools import partial

import anyio

from entrypoint.concurrency import both
from entrypoint.kernel.errors import ExitCode, UsageError
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.health import Check, Health
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import Format, Inputs, RunContext
from entrypoint.modes.doctor.fly import look_at_fly
from entrypoint.modes.doctor.review import look_at_github
from entrypoint.modes.result import Result
from entrypoint.modes.source import Source, named_app, read_source
from entrypoint.modes.world import World
from entrypoint.report.setup.doctor import doctor_json, doctor_markdown, doctor_text
from entrypoint.report.text.words import count


async def doctor(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Exit 0 where nothing is wrong, 1 where something is. What could not be found out counts as not wrong."""
    begun = anyio.current_time()

    def now() -> float:
        return run.started_at + anyio.current_time() - begun

    source, files = _look_at_files(inputs, world)
    app, image = _about(inputs, source)
    fly, github = await both(
        partial(look_at_fly, inputs, world, app=app, image=image, now=now),
        partial(look_at_github, inputs, run, world),
    )
    checks = (*files, *fly, *github)
    text = doctor_text(checks, color=inputs.look.color)
    world.console.show(doctor_json(checks) if inputs.format is Format.JSON else text)
    world.console.summarise(doctor_markdown(checks))
    is_well = all(check.health is not Health.NOT_OK for check in checks)
    return Result(
        exit_code=ExitCode.DONE if is_well else ExitCode.FINDINGS,
        outputs={"result": "healthy" if is_well else "unhealthy", "changes": "false"},
    )


def _look_at_files(inputs: Inputs, world: World) -> tuple[Source | None, tuple[Check, ...]]:
    try:
        source = read_source(inputs, world.files)
    except UsageError as error:
        return None, (Check(name="fly.toml", health=Health.NOT_OK, says=str(error), advice=error.hint),)
    if has_errors(source.findings):
        advice = f"flightplan validate --config {source.config}"
        found = Check(
            name="fly.toml", health=Health.NOT_OK, says=f"{source.config} has errors", advice=advice
        )
    else:
        says = f"{source.config} has no errors"
        if source.findings:
            says += f", and {count(len(source.findings), 'finding')}"
        found = Check(name="fly.toml", health=Health.OK, says=says)
    return source, (found,)


def _about(inputs: Inputs, source: Source | None) -> tuple[AppName | None, str | None]:
    """The app, and the image that a deploy would name."""
    if source is None:
        return inputs.app, inputs.image
    manifest = source.reading.manifest
    return named_app(inputs, source), inputs.image or (manifest.build_image if manifest else None)
