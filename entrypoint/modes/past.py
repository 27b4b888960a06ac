"""What the gate must know besides the plan: the facts of this deploy, and the history of its commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from entrypoint.fleet.model import Fleet
from entrypoint.kernel.ids import MachineId
from entrypoint.kernel.run import Gate, Inputs, RunContext
from entrypoint.modes.history import read_history
from entrypoint.modes.ports import GitHub
from entrypoint.modes.shaping import shaped_by
from entrypoint.modes.source import Source
from entrypoint.modes.world import World
from entrypoint.planning.review.facts import DeployFacts
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.history import History, MergedReview, Relation
from entrypoint.planning.review.key import ReviewKey
from entrypoint.planning.review.rules import made_since_done


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was read. `unproven` are machines that our runs created since the last green deploy."""

    facts: DeployFacts
    history: History
    unproven: frozenset[MachineId]

    @property
    def contained(self) -> frozenset[str]:
        """Commits that this one is known to contain: those since the last green deploy, and that itself."""
        done = self.history.done
        is_contained = done is not None and self.history.written.get(done.commit) in (
            Relation.SAME,
            Relation.CONTAINED,
        )
        return frozenset(self.history.graph) | ({done.commit} if done and is_contained else set())

    @property
    def brought(self) -> tuple[int, ...]:
        """Pull requests that this deploy brings, the newest first."""
        return tuple(dict.fromkeys(review.number for review in self._reviews()))

    @property
    def waiting(self) -> tuple[int, ...]:
        """Those of them that are not merged yet: in a merge queue."""
        return tuple(dict.fromkeys(review.number for review in self._reviews() if not review.merged_at))

    def _reviews(self) -> Iterator[MergedReview]:
        for commit in self.history.line:
            yield from self.history.pulls.get(commit.sha, ())


async def read_past(
    inputs: Inputs, run: RunContext, world: World, source: Source, *, key: ReviewKey, fleet: Fleet
) -> Past:
    """Read it. The marks on the machines decide which commits and machines count."""
    github: GitHub | None = world.github
    assert github is not None, "modes.choose refuses a gate without GitHub"
    facts = _facts(inputs, run, world, source, key=key)
    history = await read_history(
        github, run, fleet=fleet, key=key, paths=facts.paths, branches=facts.branches
    )
    return Past(facts=facts, history=history, unproven=made_since_done(history, fleet.machines, facts))


def _facts(inputs: Inputs, run: RunContext, world: World, source: Source, *, key: ReviewKey) -> DeployFacts:
    return DeployFacts(
        key=key,
        paths=_paths(source),
        branches=frozenset({_reviewed_branch(run)}),
        inputs=shaped_by(inputs, source, world.files),
        is_exact=inputs.gate is Gate.EXACT,
        approve=inputs.approve,
        may_approve=_may_approve(run),
        secret=inputs.record_key,
    )


def _reviewed_branch(run: RunContext) -> str:
    """The branch whose pull requests count: the one that is deployed. The default branch for a tag, and for a run started by hand from a
    branch that anybody may push to: people merge into their own branches what nobody else looked at."""
    is_protected = run.ref_is_protected or run.is_on_default_branch
    if not run.base_branch or (run.event == "workflow_dispatch" and not is_protected):
        return run.default_branch
    return run.base_branch


def _may_approve(run: RunContext) -> bool:
    """Whether the input `approve` counts: in a run that a person starts by hand, from a branch that not everybody may push to."""
    is_protected = run.ref.startswith("refs/heads/") and run.ref_is_protected
    return run.event == "workflow_dispatch" and (run.is_on_default_branch or is_protected)


def _paths(source: Source) -> tuple[PathRead, ...]:
    """The files that are read and can be in git. A file outside the repository counts as an input, like a generated file."""
    inside = (path for path in sorted(source.contents) if not path.startswith(("/", "../")) and path != "..")
    return tuple(PathRead(path=path, is_toml=path in source.tomls) for path in inside)
