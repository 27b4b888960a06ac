"""The record of a posted plan: what was reviewed. The gate compares the plan of a push with it.

It is hidden in the plan comment (report/marker.py). It has digests and short hashes, never a config. Records of other schemas are not
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint import __version__
from entrypoint.fleet.fingerprints import fleet_fingerprints
from entrypoint.kernel.ids import Digest, GroupName, MachineId, Region
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.plan import ABSENT, Count, Digests, Plan, Traits
from entrypoint.planning.model.steps import Destroy
from entrypoint.planning.review.checkout import Checkout
from entrypoint.planning.review.key import ReviewKey

SCHEMA = "flightplan/record-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """A machine that the plan destroys or replaces, with the volumes that it leaves behind."""

    id: MachineId
    group: GroupName
    region: Region
    volumes: tuple[str, ...]
    replaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was reviewed."""

    checkout: Checkout
    key: ReviewKey
    digests: Digests
    traits: Traits
    base: Mapping[str, str]
    """The base fingerprint of every machine, for finding the result of an interrupted run."""
    fingerprints: Mapping[str, str]
    """The config fingerprint of every machine that the plan saw."""
    destroys: tuple[Destroyed, ...]
    counts: Mapping[str, Count]
    """Of every group, removed ones included."""
    image: Image
    inputs: Mapping[str, str]
    """Short hashes of the inputs that change a plan, and of files that are not in git (`file:<path>`)."""
    allow_destroy: AllowDestroy
    blocked: bool
    """The plan could not be executed. Such a record is no evidence, although the digests do not depend on `allow-destroy`."""
    version: str
    """The version of Flightplan, for people."""


def make_record(
    plan: Plan, *, checkout: Checkout, key: ReviewKey, inputs: Mapping[str, str], secret: Secret | None
) -> Record:
    """The record of `plan`. `secret`: the input `record-key`."""
    machines = [machine for group in plan.groups for machine in group.machines]
    return Record(
        checkout=checkout,
        key=key,
        digests=plan.digests,
        traits=plan.traits,
        base=plan.base,
        fingerprints=fleet_fingerprints(machines, secret=secret),
        destroys=tuple(
            destroyed_by(step) for _, step in plan.steps() if isinstance(step, Destroy) and step.swap is None
        ),
        counts=plan.counts,
        image=plan.image,
        inputs=inputs,
        allow_destroy=plan.allow_destroy,
        blocked=bool(plan.blockers),
        version=__version__,
    )


def destroyed_by(step: Destroy) -> Destroyed:
    """The machine that a step destroys."""
    return Destroyed(
        id=step.id,
        group=step.group,
        region=step.region,
        volumes=tuple(step.volumes),
        replaced=step.replaced,
    )


def encode_record(record: Record) -> JsonObject:
    """The record as JSON."""
    return {
        "schema": SCHEMA,
        "pull": record.checkout.pull,
        "base": record.checkout.base_branch,
        "base_sha": record.checkout.base_sha,
        "head": record.checkout.head,
        "tree": record.checkout.tree,
        "key": [record.key.app, record.key.config, record.key.environment],
        "digests": [record.digests.plan, record.digests.intent, record.digests.base],
        "traits": dict(record.traits.intent),
        "machines": dict(record.base),
        "fingerprints": dict(record.fingerprints),
        "destroys": [[d.id, d.group, d.region, list(d.volumes), d.replaced] for d in record.destroys],
        "counts": dict(record.counts),
        "image": {
            "ref": record.image.ref,
            "digest": record.image.digest,
            "source": record.image.source.value,
            "sealed": record.image.sealed,
        },
        "inputs": dict(record.inputs),
        "allow_destroy": record.allow_destroy.value,
        "blocked": record.blocked,
        "version": record.version,
    }


def decode_record(value: Json) -> Record | None:
    """The record in `value`; None for anything else. It comes from a comment, so it may be any JSON."""
    try:
        return _decode(value)
    except (KeyError, TypeError, ValueError):
        return None


def _decode(value: Json) -> Record:
    if not isinstance(value, Mapping) or value["schema"] != SCHEMA:
        raise ValueError("not a record that this version reads")
    plan, intent, base = _list(value["digests"], length=3)
    return Record(
        checkout=_checkout(value),
        key=_key(value["key"]),
        digests=Digests(intent=_digest(intent), base=_digest(base), plan=_digest(plan)),
        traits=Traits(intent=_texts(value["traits"])),
        base=_texts(value["machines"]),
        fingerprints=_texts(value["fingerprints"]),
        destroys=tuple(_destroyed(item) for item in _list(value["destroys"])),
        counts={name: _count(count) for name, count in _object(value["counts"]).items()},
        image=_image(_object(value["image"])),
        inputs=_texts(value["inputs"]),
        allow_destroy=AllowDestroy(_text(value["allow_destroy"])),
        blocked=value["blocked"] is not False,
        version=_text(value["version"]),
    )


def _checkout(value: Mapping[str, Json]) -> Checkout:
    pull = value["pull"]
    if pull is not None and (isinstance(pull, bool) or not isinstance(pull, int)):
        raise TypeError("not a pull request's number")
    return Checkout(
        pull=pull,
        base_branch=_text(value["base"]),
        base_sha=_optional_text(value["base_sha"]),
        head=_text(value["head"]),
        tree=_optional_text(value["tree"]),
    )


def _key(value: Json) -> ReviewKey:
    app, config, environment = _list(value, length=3)
    return ReviewKey(app=_text(app), config=_text(config), environment=_text(environment))


def _image(value: Mapping[str, Json]) -> Image:
    return Image(
        ref=_optional_text(value["ref"]),
        digest=_optional_text(value["digest"]),
        source=ImageSource(_text(value["source"])),
        sealed=value["sealed"] is not False,
    )


def _destroyed(value: Json) -> Destroyed:
    id_, group, region, volumes, replaced = _list(value, length=5)
    return Destroyed(
        id=MachineId(_text(id_)),
        group=GroupName(_text(group)),
        region=Region(_text(region)),
        volumes=tuple(_text(volume) for volume in _list(volumes)),
        replaced=replaced is not False,
    )


def _count(value: Json) -> Count:
    if value is None or value == ABSENT:
        return ABSENT if value == ABSENT else None
    if isinstance(value, Mapping):
        return {region: _number(number) for region, number in value.items()}
    return _number(value)


def _number(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a count")
    return value


def _object(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return value


def _list(value: Json, *, length: int | None = None) -> list[Json]:
    if not isinstance(value, list) or length not in (None, len(value)):
        raise TypeError("not a list of that length")
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
