"""plan: read, observe, plan, and post it where it is reviewed."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import partial

from entrypoint.concurrency import both
from entrypoint.fleet.marks import newest_done
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.errors import ExitCode, OutsideError
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.review_errors import GithubError
from entrypoint.kernel.run import CommentMode, Inputs, RunContext
from entrypoint.modes.evidence import Review, post_review
from entrypoint.modes.generated import generated_files
from entrypoint.modes.image import is_built, planned_image
from entrypoint.modes.planner import Planner
from entrypoint.modes.ports import GitHub
from entrypoint.modes.preflight import ask, look_around
from entrypoint.modes.publish import SUMMARY_ROOM, Ending, publish
from entrypoint.modes.result import Result
from entrypoint.modes.source import app_in, app_name, named_app, overrides_of, policy_input
from entrypoint.modes.subject import Subject, read_subject
from entrypoint.modes.validate import present_findings
from entrypoint.modes.world import World
from entrypoint.planning.consequences.images import not_given
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.inputs import shaping_inputs, written
from entrypoint.planning.review.key import ReviewKey, review_key
from entrypoint.planning.review.record import Record, make_record
from entrypoint.report.marker import frame_plan, size
from entrypoint.report.plan.comment import LEAST_ROOM, MOST_CHARACTERS, plan_markdown
from entrypoint.report.plan.terminal import plan_text

_NO_APP = "Nothing was posted on the pull request: fly.toml names no app. Write its name there, or set the input `app`."


async def plan(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Exit 0 with a plan, 1 for errors in the files, 3 for a plan that cannot be executed."""
    subject = await read_subject(inputs, run, world)
    manifest, findings = subject.source.reading.manifest, subject.source.findings
    overrides = overrides_of(inputs)
    if manifest is None or has_errors(findings):
        return await _publish_findings(subject, inputs, world)
    app = app_name(inputs, manifest)
    world.console.annotate(findings)
    made, fleet = await _make(subject, inputs, world)
    world.console.annotate(made.blockers)
    key = review_key(app=app, config=subject.source.config, environment=inputs.environment)
    record = make_record(
        made,
        checkout=subject.planned,
        key=key,
        inputs=written(
            shaping_inputs(
                overrides,
                policy=policy_input(inputs, subject.source),
                generated=generated_files(subject.source, subject.files),
                secret=inputs.record_key,
            )
        ),
        secret=inputs.record_key,
    )
    return await _publish(made, record, subject, inputs, world, fleet=fleet)


async def _make(subject: Subject, inputs: Inputs, world: World) -> tuple[Plan, Fleet]:
    """The fleet first: a token that Fly does not accept also fails at the registry, with a less useful message."""
    manifest = subject.source.reading.manifest
    assert manifest is not None
    async with world.fly(app_name(inputs, manifest)) as fly:
        (fleet, image), answers = await both(
            partial(both, fly.machines.observe, partial(planned_image, inputs, manifest, world.images)),
            partial(ask, fly.preflight),
        )
        planner = Planner(
            manifest=manifest,
            policy=subject.source.policy,
            overrides=overrides_of(inputs),
            fleet=fleet,
            secret=inputs.record_key,
        )
        made = planner.make(image)
        if is_built(manifest, subject.files, config=subject.source.config):
            made = replace(made, findings=(*made.findings, *not_given(image, made.blockers)))
        now = int(subject.run.started_at)
        return await look_around(made, answers, fly.preflight, fleet=fleet, now=now), fleet


async def _publish(
    made: Plan, record: Record, subject: Subject, inputs: Inputs, world: World, *, fleet: Fleet
) -> Result:
    findings, run = subject.source.findings, subject.run
    render = partial(plan_markdown, made, findings=findings, run=run, environment=inputs.environment)
    ending = Ending(
        code=ExitCode.BLOCKED if made.blockers else ExitCode.DONE,
        result="blocked" if made.blockers else "planned" if made.has_changes else "nothing-to-do",
        plan=made,
        findings=findings,
        markdown=render(room=SUMMARY_ROOM),
        text=plan_text(made, findings, look=inputs.look),
    )

    async def comment() -> str:
        if world.github is None or run.pull_number is None:
            return ""
        if not await _is_wanted(made, record, subject, inputs, world.github, fleet=fleet):
            return ""
        room = MOST_CHARACTERS - size(record.key, record)
        if room < LEAST_ROOM:
            raise OutsideError(
                f"The plan's record needs {size(record.key, record)} characters, and a comment takes {MOST_CHARACTERS}: "
                "nothing was posted.",
                hint="Without its record a plan cannot be reviewed. Split the app, or deploy it with gate: none.",
            )
        review = Review(
            key=record.key,
            pull=run.pull_number,
            base=record.checkout.base_branch,
            head=record.checkout.head,
            body=frame_plan(record.key, render(room=room), record),
            record=record,
            may_merge=not made.blockers,
        )
        return await post_review(world.github, world.console, review=review)

    return await publish(ending, inputs, run, world.console, comment=comment)


async def _is_wanted(
    made: Plan, record: Record, subject: Subject, inputs: Inputs, github: GitHub, *, fleet: Fleet
) -> bool:
    """`on-diff` leaves out a plan that changes nothing, unless files or inputs changed: a merge of these needs its review."""
    match inputs.comment:
        case CommentMode.ALWAYS:
            return True
        case CommentMode.NEVER:
            return False
        case CommentMode.ON_DIFF:
            base, head = subject.planned.base_sha, subject.planned.head
            done = newest_done(fleet.machines, key=record.key.hash)
            has_same_inputs = done is not None and dict(done.inputs) == dict(record.inputs)
            if made.has_changes or made.blockers or base is None or not has_same_inputs:
                return True
            paths = sorted(subject.source.contents)
            states = await github.file_states([(sha, path) for sha in (base, head) for path in paths])
            return any(states[base, path] != states[head, path] for path in paths)


async def _publish_findings(subject: Subject, inputs: Inputs, world: World) -> Result:
    """The files have errors: say so where the plan would have been. No record: nothing can be deployed by it."""
    run, url = subject.run, ""
    github = None if inputs.comment is CommentMode.NEVER else world.github
    name = named_app(inputs, subject.source)
    if name is None and github is not None and run.pull_number is not None:
        name = await _named_on_base(subject, github)
    markdown = present_findings(subject.source, inputs, run, console=world.console, app=name)
    if github is not None and run.pull_number is not None:
        if name is None:
            world.console.note(_NO_APP)
        else:
            key: ReviewKey = review_key(
                app=name, config=subject.source.config, environment=inputs.environment
            )
            review = Review(
                key=key,
                pull=run.pull_number,
                base=subject.planned.base_branch,
                head=subject.planned.head,
                body=frame_plan(key, markdown, None),
                record=None,
                may_merge=False,
            )
            url = await post_review(github, world.console, review=review)
    return Result(
        exit_code=ExitCode.FINDINGS, outputs={"changes": "false", "result": "invalid", "comment-url": url}
    )


async def _named_on_base(subject: Subject, github: GitHub) -> AppName | None:
    """The app of a fly.toml that is empty now, or cannot be read: what the base branch's names. None also where GitHub does not say:
    the findings are told whatever becomes of the comment."""
    path = posixpath.normpath(subject.source.config)
    try:
        base = subject.planned.base_sha or (await github.branch(subject.planned.base_branch)).sha
        found = (await github.file_states([(base, path)]))[base, path]
    except GithubError:
        return None
    return app_in(found.text) if found is not None and found.text is not None else None
