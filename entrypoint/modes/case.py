"""One deploy: what it deploys, and everything that was read for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from entrypoint.fleet.model import Fleet
from entrypoint.fleet.preflight import TokenRights
from entrypoint.fleet.stamp import RunMarks, run_marks
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import Inputs, RunContext
from entrypoint.modes.planner import Planner
from entrypoint.modes.shaping import shaped_by
from entrypoint.modes.source import Source, overrides_of
from entrypoint.modes.world import World
from entrypoint.planning.review.inputs import of_the_whole_app, written
from entrypoint.planning.review.key import ReviewKey

if TYPE_CHECKING:  # a deploy without a gate has no use for them
    from entrypoint.modes.past import Past
    from entrypoint.modes.revision import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`past` is None without a gate. `marks` is None where no commit is known, such as on a laptop."""

    inputs: Inputs
    run: RunContext
    world: World
    source: Source
    planner: Planner
    key: ReviewKey
    past: Past | None
    marks: RunMarks | None
    named: Named | None
    """The image that the inputs name; None where they name none and the reviewed image may be deployed."""
    token: TokenRights | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings about the files."""
        return self.source.findings

    @property
    def contained(self) -> frozenset[str]:
        """Commits that this one is known to contain."""
        return frozenset() if self.past is None else self.past.contained

    @property
    def brought(self) -> tuple[int, ...]:
        """Pull requests that this deploy is known to bring, the newest first."""
        return () if self.past is None else self.past.brought

    @property
    def waiting(self) -> tuple[int, ...]:
        """Those of them that are not merged yet: in a merge queue."""
        return () if self.past is None else self.past.waiting


def make_case(
    inputs: Inputs,
    run: RunContext,
    world: World,
    source: Source,
    *,
    key: ReviewKey,
    fleet: Fleet,
    past: Past | None,
    named: Named | None,
    token: TokenRights | None,
) -> Case:
    """Put together what modes/deploy.py read."""
    manifest = source.reading.manifest
    assert manifest is not None
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
            unproven=frozenset() if past is None else past.unproven,
            secret=inputs.record_key,
        ),
        key=key,
        past=past,
        marks=_marks(inputs, run, world, source, key=key, fleet=fleet, past=past) if run.sha else None,
        named=named,
        token=token,
    )


def _marks(
    inputs: Inputs,
    run: RunContext,
    world: World,
    source: Source,
    *,
    key: ReviewKey,
    fleet: Fleet,
    past: Past | None,
) -> RunMarks:
    shaped = shaped_by(inputs, source, world.files) if past is None else past.facts.inputs
    return run_marks(
        fleet.machines,
        commit=run.sha,
        key=key.hash,
        inputs=of_the_whole_app(written(shaped)),
        secret=inputs.record_key,
    )
