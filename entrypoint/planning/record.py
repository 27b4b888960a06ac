"""The record of a posted plan: what the gate on push compares with.

It travels in the plan comment (report/marker.py hides it there). It holds digests and short hashes, never a config.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.ids import Digest, GroupName, MachineId, Region
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.planning.model.plan import Digests, Image, ImageSource, Plan, Traits
from entrypoint.planning.model.steps import Destroy

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """A machine that the plan takes away: enough to recognise the step after it is gone."""

    id: MachineId
    group: GroupName
    region: Region
    volumes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was reviewed."""

    digests: Digests
    image: Image
    traits: Traits
    base: Mapping[str, str]
    """The base fingerprint of every machine."""
    destroys: tuple[Destroyed, ...]
    blocked: bool
    """Reviewed as a plan that deploys nothing. Consent (`allow-destroy`) is no part of the digests: this keeps it reviewed."""
    sha: str
    """The commit that the plan was made from, for eyes only."""


def make_record(plan: Plan, *, sha: str) -> Record:
    """The record of `plan`."""
    return Record(
        digests=plan.digests,
        image=plan.image,
        traits=plan.traits,
        base=plan.base,
        destroys=tuple(
            Destroyed(id=step.id, group=step.group, region=step.region, volumes=tuple(step.volumes))
            for _, step in plan.steps()
            if isinstance(step, Destroy)
        ),
        blocked=bool(plan.blockers),
        sha=sha,
    )


def encode_record(record: Record) -> JsonObject:
    """The record as JSON."""
    return {
        "v": VERSION,
        "intent": record.digests.intent,
        "base": record.digests.base,
        "plan": record.digests.plan,
        "image": {
            "ref": record.image.ref,
            "digest": record.image.digest,
            "source": record.image.source.value,
            "sealed": record.image.sealed,
        },
        "traits": dict(record.traits.intent),
        "machines": dict(record.base),
        "destroys": [[d.id, d.group, d.region, list(d.volumes)] for d in record.destroys],
        "blocked": record.blocked,
        "sha": record.sha,
    }


def decode_record(value: Json) -> Record | None:
    """The record in `value`, or None for anything that is not one: it comes from a comment, so nothing is assumed."""
    try:
        return _decode(value)
    except (KeyError, TypeError, ValueError):
        return None


def _decode(value: Json) -> Record:
    if not isinstance(value, Mapping) or value["v"] != VERSION:
        raise ValueError("not a record of this version")
    image = _object(value["image"])
    destroys = value["destroys"]
    if not isinstance(destroys, list):
        raise TypeError("destroys is not a list")
    return Record(
        digests=Digests(
            intent=_digest(value["intent"]), base=_digest(value["base"]), plan=_digest(value["plan"])
        ),
        image=Image(
            ref=_optional_text(image["ref"]),
            digest=_optional_text(image["digest"]),
            source=ImageSource(_text(image["source"])),
            sealed=image["sealed"] is not False,
        ),
        traits=Traits(intent=_texts(value["traits"])),
        base=_texts(value["machines"]),
        destroys=tuple(_destroyed(item) for item in destroys),
        blocked=value["blocked"] is not False,
        sha=_text(value["sha"]),
    )


def _destroyed(value: Json) -> Destroyed:
    if not isinstance(value, list) or len(value) != 4 or not isinstance(value[3], list):
        raise TypeError("not a destroyed machine")
    return Destroyed(
        id=MachineId(_text(value[0])),
        group=GroupName(_text(value[1])),
        region=Region(_text(value[2])),
        volumes=tuple(_text(volume) for volume in value[3]),
    )


def _object(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _optional_text(value: Json) -> str | None:
    return None if value is None else _text(value)


def _texts(value: Json) -> dict[str, str]:
    return {key: _text(item) for key, item in _object(value).items()}


def _digest(value: Json) -> Digest:
    text = _text(value)
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise ValueError("not a SHA-256 digest")
    return Digest(text)
