"""One deploy: what it is about, and everything that was read for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from entrypoint.concurrency import both
from entrypoint.fleet.model import Fleet
from entrypoint.fleet.preflight import TokenRights
from entrypoint.fleet.stamp import RunMarks, run_marks
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import Gate, Inputs, RunContext
from entrypoint.manifest.model import Manifest
from entrypoint.modes.generated import generated_files
from entrypoint.modes.history import read_history
from entrypoint.modes.image import deployed_image
from entrypoint.modes.planner import Planner
from entrypoint.modes.revision import Named, read_revision
from entrypoint.modes.source import Source, app_name, overrides_of, policy_input, read_source
from entrypoint.modes.world import Fly, World
from entrypoint.planning.review.facts import DeployFacts
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.history import History, Relation
from entrypoint.planning.review.inputs import of_the_whole_app, shaping_inputs, written
from entrypoint.planning.review.key import ReviewKey, review_key
from entrypoint.planning.review.rules import made_since_done


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`history` is None without a gate, `marks` where no commit is known: on a laptop."""

    inputs: Inputs
    run: RunContext
    world: World
    source: Source
    planner: Planner
    key: ReviewKey
    facts: DeployFacts
    history: History | None
    marks: RunMarks | None
    named: Named | None
    """The image that the inputs name; None where the reviewed one may be meant."""
    token: TokenRights | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to say about the files."""
        return self.source.findings

    @property
    def contained(self) -> frozenset[str]:
        """Commits that this one is known to contain: those since the last green deploy, and that itself."""
        if self.history is None:
            return frozenset()
        done = self.history.done
        is_contained = done is not None and self.history.written.get(done.commit) in (
            Relation.SAME,
            Relation.CONTAINED,
        )
        return frozenset(self.history.graph) | ({done.commit} if done and is_contained else set())

    @property
    def brought(self) -> tuple[int, ...]:
        """Pull requests that this deploy brings, the newest first."""
        if self.history is None:
            return ()
        pulls = self.history.pulls
        return tuple(
            dict.fromkeys(
                review.number for commit in self.history.line for review in pulls.get(commit.sha, ())
            )
        )


def read_deployed(inputs: Inputs, run: RunContext, world: World) -> Source:
    """The files of the commit that is deployed. Raises UsageError where another one is checked out."""
    head = world.files.head()
    if inputs.gate is not Gate.NONE and head is not None and head.sha != run.sha:
        raise UsageError(
            f"The checkout is at {head.sha[:12]}, and this run is about {run.sha[:12]}.",
            hint="Use actions/checkout without `ref`, so that what is checked is what is deployed.",
        )
    return read_source(inputs, world.files)


async def observe(inputs: Inputs, run: RunContext, world: World, source: Source, *, fly: Fly) -> Case:
    """The fleet, and with a gate the past: which commits and machines count follows from the fleet's marks. Beside that, the image that
    the inputs name, and what the token may do."""
    manifest = source.reading.manifest
    assert manifest is not None
    key = review_key(app=app_name(inputs, manifest), config=source.config, environment=inputs.environment)
    facts = _facts(inputs, run, world, source, key=key)
    reads = partial(_read_past, inputs, run, world, fly, key=key, facts=facts)
    (fleet, history), (named, token) = await both(
        reads, partial(both, partial(_read_named, inputs, manifest, world), fly.preflight.token)
    )
    marks = run_marks(
        fleet.machines,
        commit=run.sha,
        key=key.hash,
        inputs=of_the_whole_app(written(facts.inputs)),
        secret=inputs.record_key,
    )
    return Case(
        inputs=inputs,
        run=run,
        world=world,
        source=source,
        planner=Planner(
            manifest=manifest,
            policy=source.policy,
            overrides=overrides_of(inputs),
            fleet=fleet,
            unproven=frozenset() if history is None else made_since_done(history, fleet.machines, facts),
            secret=inputs.record_key,
        ),
        key=key,
        facts=facts,
        history=history,
        marks=marks if run.sha else None,
        named=named,
        token=token,
    )


async def _read_past(
    inputs: Inputs, run: RunContext, world: World, fly: Fly, *, key: ReviewKey, facts: DeployFacts
) -> tuple[Fleet, History | None]:
    fleet = await fly.machines.observe()
    if inputs.gate is Gate.NONE:
        return fleet, None
    assert world.github is not None, "modes.choose refuses a gate without GitHub"
    history = await read_history(
        world.github, run, fleet=fleet, key=key, paths=facts.paths, branches=facts.branches
    )
    return fleet, history


async def _read_named(inputs: Inputs, manifest: Manifest, world: World) -> Named | None:
    """None where the reviewed image may be meant: which that is, is known later."""
    if inputs.image is None and inputs.gate is not Gate.NONE:
        return None
    image = await deployed_image(inputs, manifest, world.images, promoted=None)
    revision = None if inputs.gate is Gate.NONE else await read_revision(image, world)
    return Named(image=image, revision=revision)


def _facts(inputs: Inputs, run: RunContext, world: World, source: Source, *, key: ReviewKey) -> DeployFacts:
    return DeployFacts(
        key=key,
        paths=_paths(source),
        branches=frozenset({_reviewed_branch(run)}),
        inputs=shaping_inputs(
            overrides_of(inputs),
            policy=policy_input(inputs, source),
            generated=generated_files(source, world.files),
            secret=inputs.record_key,
        ),
        is_exact=inputs.gate is Gate.EXACT,
        approve=inputs.approve,
        may_approve=_may_approve(run),
        secret=inputs.record_key,
    )


def _reviewed_branch(run: RunContext) -> str:
    """Pull requests into it count: the branch that is deployed. For a tag, and for what somebody starts by hand from a branch that anybody may push
    to, the default branch: into a branch of one's own one merges what nobody else looked at."""
    is_protected = run.ref_is_protected or run.is_on_default_branch
    if not run.base_branch or (run.event == "workflow_dispatch" and not is_protected):
        return run.default_branch
    return run.base_branch


def _may_approve(run: RunContext) -> bool:
    """By a person who starts it by hand, from a branch that not everybody may push to."""
    is_protected = run.ref.startswith("refs/heads/") and run.ref_is_protected
    return run.event == "workflow_dispatch" and (run.is_on_default_branch or is_protected)


def _paths(source: Source) -> tuple[PathRead, ...]:
    """What is read and can be in git: a path out of the repository is an input like a generated file."""
    inside = (path for path in sorted(source.contents) if not path.startswith(("/", "../")) and path != "..")
    return tuple(PathRead(path=path, is_toml=path in source.tomls) for path in inside)
