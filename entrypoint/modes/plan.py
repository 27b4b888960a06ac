"""plan: read, observe, plan, and post it where it is reviewed."""

from __future__ import annotations

from entrypoint.concurrency import both
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.run import Format, Inputs, RunContext
from entrypoint.manifest.model import Manifest
from entrypoint.modes.candidates import Planner
from entrypoint.modes.image import planned_image
from entrypoint.modes.post import post
from entrypoint.modes.result import Result
from entrypoint.modes.source import Source, app_name, overrides_of, read_source
from entrypoint.modes.validate import present_findings
from entrypoint.modes.world import World
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.key import review_key
from entrypoint.planning.review.record import Checkout, make_record
from entrypoint.report.marker import MarkerKey, frame, size
from entrypoint.report.plan_comment import MOST_CHARACTERS, ROOM, plan_markdown
from entrypoint.report.plan_json import plan_json, totals
from entrypoint.report.plan_text import plan_text

SUMMARY_ROOM = 900_000


async def plan(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Exit 0 with a plan, 1 for errors in the files, 3 for a plan that cannot be executed."""
    source = read_source(inputs, world.files)
    manifest = source.reading.manifest
    overrides = overrides_of(inputs)
    if manifest is None or has_errors(source.findings):
        return await _refuse(source, inputs, run, world)
    app = app_name(inputs, manifest)
    world.console.annotate(source.findings)
    async with world.fly(app) as fly:
        # The fleet first: a token that Fly does not take fails at the registry too, with less to say.
        fleet, image = await both(fly.machines.observe, lambda: planned_image(inputs, manifest, world.images))
    made = Planner(manifest=manifest, policy=source.policy, overrides=overrides, fleet=fleet).make(image)
    return await _publish(made, source, inputs, run, world, app=app)


async def _publish(
    made: Plan, source: Source, inputs: Inputs, run: RunContext, world: World, *, app: str
) -> Result:
    """Standard output, plan.json, summary, comment, outputs."""
    findings, environment = source.findings, inputs.environment
    full = plan_markdown(made, findings=findings, run=run, environment=environment, room=SUMMARY_ROOM)
    data = plan_json(made, findings)
    world.console.annotate(made.blockers)
    world.console.show(render_plan(made, source, inputs, markdown=full))
    world.console.summarise(full)
    path = world.console.save("plan.json", data) if run.in_actions else ""
    url = ""
    if world.github is not None and run.pull_number is not None:
        key = comment_key(inputs, app=app)
        record = make_record(
            made,
            checkout=Checkout(pull=run.pull_number, base_branch="", base_sha=None, head=run.sha, tree=None),
            key=review_key(app=key.app, config=key.config, environment=key.environment),
            inputs={},
            secret=None,
        )
        room = MOST_CHARACTERS - ROOM - size(key, record)
        text = plan_markdown(made, findings=findings, run=run, environment=environment, room=room)
        body = frame(key, text, record)
        posted = await post(
            world.github,
            world.console,
            pull=run.pull_number,
            key=key,
            body=body,
            mode=inputs.comment,
            has_changes=made.has_changes or bool(made.blockers),
        )
        url = posted.url
    code = ExitCode.BLOCKED if made.blockers else ExitCode.DONE
    result = "blocked" if made.blockers else "planned" if made.has_changes else "nothing-to-do"
    return Result(
        exit_code=code,
        outputs={**plan_outputs(made), "plan-path": path, "comment-url": url, "result": result},
    )


async def _refuse(source: Source, inputs: Inputs, run: RunContext, world: World) -> Result:
    """The files have errors: say so where the plan would have been. No record: nothing can be deployed by it."""
    markdown = present_findings(source, inputs, run, console=world.console)
    url = ""
    manifest: Manifest | None = source.reading.manifest
    name = inputs.app or (manifest.app if manifest else None)
    if world.github is not None and run.pull_number is not None and name:
        key = comment_key(inputs, app=name)
        posted = await post(
            world.github,
            world.console,
            pull=run.pull_number,
            key=key,
            body=frame(key, markdown, None),
            mode=inputs.comment,
            has_changes=True,
        )
        url = posted.url
    return Result(
        exit_code=ExitCode.FINDINGS, outputs={"changes": "false", "result": "invalid", "comment-url": url}
    )


def comment_key(inputs: Inputs, *, app: str) -> MarkerKey:
    """Which comment is ours."""
    return MarkerKey(app=app, config=inputs.config, environment=inputs.environment)


def render_plan(made: Plan, source: Source, inputs: Inputs, *, markdown: str) -> str:
    """The plan in the asked format."""
    match inputs.format:
        case Format.JSON:
            return plan_json(made, source.findings)
        case Format.MARKDOWN:
            return markdown
        case Format.TEXT | Format.GITHUB | Format.SARIF:
            return plan_text(made, source.findings)


def plan_outputs(made: Plan) -> dict[str, str]:
    """What a plan says in the action's outputs."""
    counted = totals(made)
    return {
        "changes": "true" if made.has_changes else "false",
        "plan-digest": made.digests.plan,
        "created": str(counted["create"]),
        "updated": str(counted["update"]),
        "replaced": str(counted["replace"]),
        "destroyed": str(counted["destroy"]),
        "kept": str(counted["keep"]),
    }
