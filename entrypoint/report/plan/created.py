"""New machines in full: command, size, ports, checks, names of variables, volumes and files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from entrypoint.fleet.extras import CANARY
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.json import Json, JsonObject, canonical
from entrypoint.manifest.model import objects
from entrypoint.planning.model.plan import GroupPlan, Plan
from entrypoint.planning.model.steps import Create, NewVolume
from entrypoint.planning.sizes import size_words
from entrypoint.report.other_fields import other_fields
from entrypoint.report.plan.verbs import is_shown
from entrypoint.report.text.values import shown, spelt
from entrypoint.report.text.words import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """New machines of a group with equal configs."""

    group: GroupName
    regions: tuple[tuple[Region, int], ...]
    """The number in each region. An empty region: Fly chooses."""
    standbys: int
    canary: bool
    """It is a canary: destroyed after it has tested the new version."""
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    """Names and values of their properties. Values are foreign text."""


def created(plan: Plan) -> Iterator[Created]:
    """All new machines, in the plan's order of groups."""
    for group in plan.groups:
        yield from created_in(group)


def created_in(group: GroupPlan) -> Iterator[Created]:
    """The new machines of one group, without those that replace another, which are shown there."""
    steps = [s for s in group.steps if isinstance(s, Create) and s.done is None and is_shown(s)]
    alike: dict[str, list[Create]] = {}
    for step in steps:
        alike.setdefault(canonical(_told(step)), []).append(step)
    for same in alike.values():
        yield Created(
            group=group.name,
            regions=tuple(sorted(Counter(step.region for step in same).items())),
            standbys=sum(step.standby_for is not None for step in same),
            canary=same[0].extra == CANARY,
            facts=tuple(_facts(same[0])),
        )


def created_json(step: Create) -> JsonObject:
    """The same for one machine, as JSON. Variables and files by name only."""
    return {name: list(values) for name, values in _facts(step)}


def _told(step: Create) -> Json:
    return [step.extra, *([name, list(values)] for name, values in _facts(step))]


def _facts(step: Create) -> Iterator[tuple[str, tuple[str, ...]]]:
    config = step.config
    facts = (
        ("command", _command(config)),
        ("size", tuple(word for word in [size_words(config.get("guest"))] if word)),
        ("ports", tuple(_ports(config))),
        ("checks", tuple(_checks(config))),
        ("env", _names(config.get("env"))),
        ("volume", tuple(_volume(step))),
        ("files", tuple(str(file.get("guest_path")) for file in objects(config.get("files")))),
        ("schedule", _texts(config.get("schedule"))),
        ("restart", _texts(_of(config, "restart").get("policy"))),
        ("also", tuple(other_fields(config))),
    )
    yield from ((name, tuple(spelt(value) for value in values)) for name, values in facts if values)


def _command(config: Mapping[str, Json]) -> tuple[str, ...]:
    """What it runs. `exec` and `entrypoint`, which come before the command, are named."""
    init = _of(config, "init")
    parts = {key: _sequence(init.get(key)) for key in ("exec", "entrypoint", "cmd")}
    words = [
        shown(list(part)) if key == "cmd" else f"{key} {shown(list(part))}"
        for key, part in parts.items()
        if part
    ]
    return tuple(words) or ("the image's own",)


def _ports(config: Mapping[str, Json]) -> Iterator[str]:
    for service in objects(config.get("services")):
        inside = f"{service.get('internal_port')}/{service.get('protocol') or 'tcp'}"
        for port in objects(service.get("ports")):
            handlers = ", ".join(_texts(*_sequence(port.get("handlers"))))
            yield f"{_span(port)} → {inside}{f' ({handlers})' if handlers else ''}"
        if not objects(service.get("ports")):
            yield f"none → {inside}"


def _span(port: Mapping[str, Json]) -> str:
    """A port, a range of ports, or any other value that the config has."""
    first, last = port.get("start_port"), port.get("end_port")
    span = "" if first is None and last is None else f"{first or ''}-{last or ''}"
    return " and ".join(word for word in (str(port.get("port") or ""), span) if word) or "any"


def _checks(config: Mapping[str, Json]) -> Iterator[str]:
    for service in objects(config.get("services")):
        for check in objects(service.get("checks")):
            yield _check(check, port=service.get("internal_port"))
    named = config.get("checks")
    for name, found in named.items() if isinstance(named, Mapping) else ():
        if isinstance(found, Mapping):
            yield f"{name}: {_check(found, port=found.get('port'))}"


def _check(check: Mapping[str, Json], *, port: Json) -> str:
    kind = str(check.get("type") or "tcp")
    what = f"{kind} {check.get('path') or '/'}" if kind == "http" else kind
    times = [
        f"{word} {check[key]}"
        for key, word in (("interval", "every"), ("timeout", "timeout"), ("grace_period", "grace"))
        if check.get(key)
    ]
    return ", ".join([f"{what} on {port}", *times])


def _volume(step: Create) -> Iterator[str]:
    for mount in objects(step.config.get("mounts")):
        new = step.new_volume
        which = _new_volume(new) if new is not None else step.volume or "one of its own"
        yield f"{mount.get('name') or 'volume'} at {mount.get('path')}: {which}"


def _new_volume(new: NewVolume) -> str:
    parts = [f"a new one of {new.size_gb} GB"]
    if new.snapshot_retention is not None:
        parts.append(f"snapshots are kept {count(new.snapshot_retention, 'day')}")
    if new.auto_backup is not None:
        parts.append("with scheduled snapshots" if new.auto_backup else "without scheduled snapshots")
    return ", ".join(parts)


def _names(env: Json) -> tuple[str, ...]:
    return tuple(sorted(env)) if isinstance(env, Mapping) else ()


def _of(config: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    found = config.get(key)
    return found if isinstance(found, Mapping) else {}


def _sequence(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _texts(*values: Json) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str) and value)
