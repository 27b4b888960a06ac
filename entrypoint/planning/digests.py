"""The digests intent, base and plan, which a review binds (docs/architecture.md, Digests).

`intent` is over what was asked for, `base` over what was live, `plan` over both and the steps. Request bodies follow from intent and base,
so only verb, place, machine and wave of a step go into the digest. Steps that an interrupted run of the same plan has done go in as well:
so the plan of the rest has the same digest.

Steps that a strategy adds (canary, routing, clean-up after an interrupted deploy) do not go in: they follow from the strategy, which is
part of the intent, and from how far an interrupted run came.
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
    """The digests, and short hashes of the intent's parts by name. All are published; `secret` is the input `record-key`."""
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
    """The steps that go into the digest, with the number of their wave. Waves without such a step are not counted."""
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
            # Only the volume's name: after an interrupted run its id, and whether it must be created, may differ.
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
    """The top-level parts, and each group as a part of its own."""
    for name, part in intent.items():
        if name == "groups" and isinstance(part, Mapping):
            yield from ((f"group {group}", inner) for group, inner in part.items())
        else:
            yield name, part
