"""The second half of `plan`: make the plan from Fly's answers, and publish it. Imported while the requests are answered (modes/loading.py)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from entrypoint.concurrency import gather
from entrypoint.fleet.marks import newest_done
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.errors import ExitCode, OutsideError
from entrypoint.kernel.run import CommentMode, Inputs
from entrypoint.modes.evidence import Review, post_review
from entrypoint.modes.image import is_built
from entrypoint.modes.planner import Planner
from entrypoint.modes.ports import GitHub
from entrypoint.modes.publish import SUMMARY_ROOM, Ending, publish
from entrypoint.modes.result import Result
from entrypoint.modes.shaping import shaped_by
from entrypoint.modes.source import app_name, overrides_of
from entrypoint.modes.subject import Subject
from entrypoint.modes.world import Fly, World
from entrypoint.planning.consequences.images import not_given
from entrypoint.planning.model.image import Image
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.preflight import Room
from entrypoint.planning.preflight.add import with_preflight
from entrypoint.planning.preflight.answers import Answers
from entrypoint.planning.preflight.room import answered, wanted_room
from entrypoint.planning.review.checkout import Checkout
from entrypoint.planning.review.inputs import written
from entrypoint.planning.review.key import review_key
from entrypoint.planning.review.record import Record, make_record
from entrypoint.report.marker import frame_plan, size
from entrypoint.report.plan.comment import LEAST_ROOM, MOST_CHARACTERS, plan_markdown
from entrypoint.report.plan.terminal import plan_text


async def make(
    subject: Subject, inputs: Inputs, fly: Fly, *, fleet: Fleet, image: Image, answers: Answers
) -> Plan:
    """The plan, with everything to say about it. `answers` is what modes/preflight.py found."""
    manifest = subject.source.reading.manifest
    assert manifest is not None
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
    room = await _ask_for_room(made, fly, fleet=fleet)
    return with_preflight(made, answers, room=room, now=int(subject.run.started_at))


async def _ask_for_room(plan: Plan, fly: Fly, *, fleet: Fleet) -> tuple[Room, ...]:
    """Ask whether new machines find a place. This needs the plan, which says what machines it creates."""
    wanted = wanted_room(plan, organization=fleet.app.organization)
    rooms = await gather([partial(fly.preflight.room, question.placement) for question in wanted])
    return tuple(answered(question, found) for question, found in zip(wanted, rooms, strict=True))


async def publish_plan(
    made: Plan, subject: Subject, inputs: Inputs, world: World, *, checkout: Checkout, fleet: Fleet
) -> Result:
    """Publish it everywhere, and post it where it is reviewed."""
    manifest, source = subject.source.reading.manifest, subject.source
    assert manifest is not None
    world.console.annotate(made.blockers)
    record = make_record(
        made,
        checkout=checkout,
        key=review_key(app=app_name(inputs, manifest), config=source.config, environment=inputs.environment),
        inputs=written(shaped_by(inputs, source, subject.files)),
        secret=inputs.record_key,
    )
    return await _publish(made, record, subject, inputs, world, fleet=fleet)


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
        text=plan_text(made, findings, look=inputs.look, in_review=run.pull_number is not None),
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
    """Whether to comment. `on-diff` leaves out a plan that changes nothing, unless files or inputs changed: merging those needs a review."""
    match inputs.comment:
        case CommentMode.ALWAYS:
            return True
        case CommentMode.NEVER:
            return False
        case CommentMode.ON_DIFF:
            base, head = record.checkout.base_sha, record.checkout.head
            done = newest_done(fleet.machines, key=record.key.hash)
            has_same_inputs = done is not None and dict(done.inputs) == dict(record.inputs)
            if made.has_changes or made.blockers or base is None or not has_same_inputs:
                return True
            paths = sorted(subject.source.contents)
            states = await github.file_states([(sha, path) for sha in (base, head) for path in paths])
            return any(states[base, path] != states[head, path] for path in paths)
