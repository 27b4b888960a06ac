"""deploy: plan again, check that this is what was reviewed, execute it, and say how it ended."""

from __future__ import annotations

from typing import assert_never

from entrypoint.concurrency import both
from entrypoint.kernel.errors import ExitCode, OutsideError
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.reviews import Comment
from entrypoint.kernel.run import Format, Gate, Inputs, RunContext
from entrypoint.modes.candidates import Decision, Planner, decide
from entrypoint.modes.plan import comment_key, plan_outputs
from entrypoint.modes.post import our_comments, post_outcome
from entrypoint.modes.result import Result
from entrypoint.modes.reviewed import Refused, Reviewed, find_reviewed, refusal_reasons
from entrypoint.modes.source import Source, app_name, overrides_of, read_source
from entrypoint.modes.validate import present_findings
from entrypoint.modes.world import Fly, World
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Destroy, Update
from entrypoint.planning.review.approval import ApprovedPlan, Blocked, Drift
from entrypoint.report.marker import MarkerKey
from entrypoint.report.outcome_comment import blocked_markdown, drift_markdown, outcome_markdown
from entrypoint.report.plan_comment import plan_markdown
from entrypoint.report.plan_json import plan_json
from entrypoint.report.plan_text import drift_text, halt_text, plan_text
from entrypoint.report.views import headline
from entrypoint.rollout.execute import execute
from entrypoint.rollout.outcome import HaltKind, Outcome, StepStatus

SUMMARY_ROOM = 900_000


async def deploy(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Exit 0 deployed or nothing to do, 1 findings, 3 blocked, 4 not what was reviewed, 5 halted."""
    source = read_source(inputs, world.files)
    manifest = source.reading.manifest
    overrides = overrides_of(inputs)
    if manifest is None or has_errors(source.findings):
        present_findings(source, inputs, run, console=world.console)
        return Result(exit_code=ExitCode.FINDINGS, outputs={"changes": "false", "result": "invalid"})
    app = app_name(inputs, manifest)
    world.console.annotate(source.findings)
    key = comment_key(inputs, app=app)
    async with world.fly(app) as fly:
        fleet, (reviewed, refused) = await both(
            fly.machines.observe, lambda: _reviewed(inputs, run, world, key=key)
        )
        decision = await decide(
            Planner(manifest=manifest, policy=source.policy, overrides=overrides, fleet=fleet),
            inputs=inputs,
            images=world.images,
            reviewed=reviewed,
            reasons=refusal_reasons(refused),
        )
        comment = await _comment(decision, refused, run, world, key=key)
        return await _Ending(decision.plan, source, inputs, run, world, comment=comment).act(decision, fly)


async def _reviewed(
    inputs: Inputs, run: RunContext, world: World, *, key: MarkerKey
) -> tuple[tuple[Reviewed, ...], tuple[Refused, ...]]:
    if inputs.gate is Gate.NONE or inputs.approve is not None or world.github is None:
        return (), ()
    return await find_reviewed(world.github, run, key=key)


async def _comment(
    decision: Decision, refused: tuple[Refused, ...], run: RunContext, world: World, *, key: MarkerKey
) -> Comment | None:
    """Our comment to answer in: the reviewed one, else the one that was refused, else that of the commit's pull request."""
    if decision.reviewed is not None:
        return decision.reviewed.comment
    answer = next((item.comment for item in refused if item.comment is not None), None)
    if answer is not None or world.github is None or run.pull_number is None:
        return answer
    ours = await our_comments(world.github, run.pull_number, key=key)
    return ours[0] if ours else None


class _Ending:
    """What is said and where, however it goes."""

    def __init__(
        self,
        plan: Plan,
        source: Source,
        inputs: Inputs,
        run: RunContext,
        world: World,
        *,
        comment: Comment | None,
    ) -> None:
        self._plan = plan
        self._source = source
        self._inputs = inputs
        self._run = run
        self._world = world
        self._comment = comment

    async def act(self, decision: Decision, fly: Fly) -> Result:
        """Run it, or say why not."""
        match decision.verdict:
            case Drift():
                return await self._refuse(decision.verdict)
            case Blocked():
                return await self._block()
            case ApprovedPlan():
                return await self._run_plan(decision.verdict, fly)

    async def _run_plan(self, approved: ApprovedPlan, fly: Fly) -> Result:
        world, plan = self._world, self._plan
        world.progress.begin(plan, by=approved.by, headline=headline(plan))
        if not plan.has_changes and not plan.resumes:
            return await self._end(ExitCode.DONE, "nothing-to-do", markdown=self._plan_markdown())
        outcome = await execute(
            approved,
            machines=fly.machines,
            releases=fly.releases,
            progress=world.progress,
            stop=world.stop,
            commit=self._run.sha or None,
            key=_release_key(self._inputs, plan),
        )
        code, word = _verdict(outcome)
        if outcome.halted is not None:
            world.console.fail(halt_text(outcome.halted), hint=outcome.halted.hint)
        markdown = outcome_markdown(outcome, self._run)
        return await self._end(code, word, markdown=markdown, answer=markdown, outcome=outcome)

    async def _refuse(self, drift: Drift) -> Result:
        answer = drift_markdown(drift, self._plan, self._run)
        self._world.console.fail(drift_text(drift))
        return await self._end(
            ExitCode.NOT_REVIEWED,
            "not-reviewed",
            markdown=f"{answer}\n{self._plan_markdown()}",
            answer=answer,
        )

    async def _block(self) -> Result:
        answer = blocked_markdown(self._plan, self._run)
        self._world.console.annotate(self._plan.blockers)
        self._world.console.note(plan_text(self._plan, self._source.findings))
        return await self._end(
            ExitCode.BLOCKED, "blocked", markdown=f"{answer}\n{self._plan_markdown()}", answer=answer
        )

    def _plan_markdown(self) -> str:
        return plan_markdown(
            self._plan,
            findings=self._source.findings,
            run=self._run,
            environment=self._inputs.environment,
            room=SUMMARY_ROOM,
        )

    async def _end(
        self, code: ExitCode, word: str, *, markdown: str, answer: str = "", outcome: Outcome | None = None
    ) -> Result:
        """Summary, plan.json, standard output, comment, outputs."""
        world = self._world
        data = plan_json(self._plan, self._source.findings)
        world.console.summarise(markdown)
        path = self._save(data) if self._run.in_actions else ""
        match self._inputs.format:
            case Format.JSON:
                world.console.show(data)
            case Format.MARKDOWN:
                world.console.show(markdown)
            case Format.TEXT | Format.GITHUB | Format.SARIF:
                world.console.note(_last_line(word, outcome))
        url = self._comment.url if self._comment else ""
        if self._comment is not None and world.github is not None and answer:
            url = await post_outcome(world.github, world.console, comment=self._comment, outcome=answer)
        counts = (
            plan_outputs(self._plan) if outcome is None else {**plan_outputs(self._plan), **_counts(outcome)}
        )
        return Result(
            exit_code=code, outputs={**counts, "plan-path": path, "comment-url": url, "result": word}
        )

    def _save(self, data: str) -> str:
        """The rollout is over: what became of it is said in the comment, though a file cannot be written."""
        try:
            return self._world.console.save("plan.json", data)
        except OutsideError as error:
            self._world.console.note(str(error))
            return ""


def _release_key(inputs: Inputs, plan: Plan) -> str:
    """What tells two deploys of one app apart: a commit's release command runs once for each."""
    key = comment_key(inputs, app=plan.app)
    return f"{key.config}@{key.environment}"


def _verdict(outcome: Outcome) -> tuple[ExitCode, str]:
    if outcome.halted is None:
        return (ExitCode.DONE, "deployed") if outcome.succeeded else (ExitCode.HALTED, "failed")
    match outcome.halted.kind:
        case HaltKind.DRIFT:
            return ExitCode.NOT_REVIEWED, "not-reviewed"
        case HaltKind.CANCELLED:
            return ExitCode.HALTED, "cancelled"
        case HaltKind.RELEASE_FAILED | HaltKind.UNHEALTHY | HaltKind.REFUSED | HaltKind.UNPROVEN:
            return ExitCode.HALTED, "rolled-back" if outcome.is_rolled_back else "halted"
        case _:
            assert_never(outcome.halted.kind)


def _counts(outcome: Outcome) -> dict[str, str]:
    """Machines that really were created, updated, replaced and destroyed, and stay so."""
    undone = {item.machine for item in outcome.rolled_back if item.restored}
    done = [r.step for r in outcome.results if r.status is StepStatus.DONE and r.machine not in undone]
    destroyed = [step for step in done if isinstance(step, Destroy)]
    counts = {
        "created": sum(isinstance(step, Create) and step.replaces is None for step in done),
        "updated": sum(isinstance(step, Update) for step in done),
        "replaced": sum(step.replaced for step in destroyed),
        "destroyed": sum(not step.replaced for step in destroyed),
    }
    return {name: str(count) for name, count in counts.items()}


def _last_line(word: str, outcome: Outcome | None) -> str:
    if outcome is None:
        return f"done      {word}"
    took = f"{outcome.seconds:.0f} s"
    if outcome.halted is not None:
        return f"done      {word} after {took}, {outcome.leases_left} leases left"
    return f"done      {word} in {took}, {outcome.leases_left} leases left"
