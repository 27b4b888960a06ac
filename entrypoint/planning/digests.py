"""intent, base and plan: what a review binds (docs/architecture.md, Digests).

`intent` is what was asked for, `base` what was live, `plan` both and the steps. The steps' bodies follow from intent and base,
so a step enters by verb, place, machine and wave. Steps an interrupted run of the same plan has done enter just the same: its
partial result has the plan's own digest.

What a strategy does beside the group's own machines (a canary, routing, what an interrupted deploy left over) is none of the steps that
are counted: it follows from the strategy, which is part of the intent, and from how far an interrupted run came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from entrypoint.fleet.extras import CANARY
from entrypoint.fleet.normalise import short
from entrypoint.kernel.ids import Digest
from entrypoint.kernel.json import Json, digest
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.model.mounts import mount_name
from entrypoint.planning.model.plan import Digests, Stage, Traits
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Start,
    Step,
    Swap,
    Update,
)

SCHEMA = "flightplan/plan-1"


def compute_digests(
    *,
    intent: Mapping[str, Json],
    base: Mapping[str, str],
    stages: tuple[Stage, ...],
    secret: Secret | None = None,
) -> tuple[Digests, Traits]:
    """The digests, and the short hashes of their parts by name. `secret`: the input `record-key`; all of them are published."""
    intent_digest = digest(intent, secret=secret)
    base_digest = digest(base)
    steps: list[Json] = [[number, *_identity(step)] for number, step in _counted(stages)]
    plan = digest(
        {"schema": SCHEMA, "intent": intent_digest, "base": base_digest, "steps": sorted(steps, key=str)},
        secret=secret,
    )
    traits = Traits(intent={name: short(part, secret=secret)[:12] for name, part in _parts(intent)})
    return Digests(intent=intent_digest, base=base_digest, plan=Digest(plan)), traits


def _counted(stages: tuple[Stage, ...]) -> Iterator[tuple[int, Step]]:
    """What counts, numbered as if there were nothing else."""
    after = 0
    for stage in stages:
        most = 0
        for lane in stage.lanes:
            waves = [[step for step in wave.steps if _counts(step)] for wave in lane.waves]
            filled = [wave for wave in waves if wave]
            most = max(most, len(filled))
            yield from ((after + place, step) for place, wave in enumerate(filled, start=1) for step in wave)
        after += most


def _counts(step: Step) -> bool:
    match step:
        case Create():
            return step.extra != CANARY
        case Update() | Start():
            return True
        case Destroy():
            return step.swap is not Swap.LEFT_OVER
        case Route() | Cordon() | Discard():
            return False
        case _:
            assert_never(step)


def _identity(step: Step) -> list[Json]:
    match step:
        case Create():
            # Which volume of the name, and whether it is still to be made, differs where an interrupted run has made it.
            volume = mount_name(step.config)
            place: list[Json] = [step.group, step.slot.region, str(step.slot), str(step.standby_for), volume]
            return ["create", *place, *([step.replaces] if step.replaces else [])]
        case Update():
            return ["update", step.group, step.region, step.machine.id, step.start]
        case Start():
            return ["start", step.group, step.region, step.machine.id]
        case Destroy():
            verb = "swap" if step.swap else "replace" if step.replaced else "destroy"
            return [verb, step.group, step.region, step.id]
        case Route() | Cordon() | Discard():
            return []
        case _:
            assert_never(step)


def _parts(intent: Mapping[str, Json]) -> Iterable[tuple[str, Json]]:
    """Top-level parts, with groups told apart."""
    for name, part in intent.items():
        if name == "groups" and isinstance(part, Mapping):
            yield from ((f"group {group}", inner) for group, inner in part.items())
        else:
            yield name, part
