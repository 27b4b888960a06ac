"""The normal form of a machine config, so that only differences with a meaning count.

The API changes the form of what it stores: autostop words become booleans, empty objects and nulls come and go, durations are strings
or integer nanoseconds, a tag may come back with its digest. flyctl writes new release metadata and another order of a check's headers
on every deploy. None of these is a change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NewType

from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.kernel.durations import SECOND, parse_duration
from entrypoint.kernel.json import ARRAY, OBJECT, PLAIN, Json, JsonObject, digest, spelling
from entrypoint.kernel.secrets import Secret
from entrypoint.kernel.sharing import Derived

DURATION_KEYS = frozenset({"interval", "timeout", "grace_period"})
OWNED = frozenset(
    {
        "checks",
        "env",
        "files",
        "init",
        "metrics",
        "mounts",
        "restart",
        "services",
        "standbys",
        "statics",
        "stop_config",
    }
)
"""What every deploy builds anew from fly.toml; removed where fly.toml does not set it (flyctl internal/appconfig/machines.go)."""
LONGEST_INTERVAL = 60 * SECOND
"""Nanoseconds. Fly may cut a longer interval of a service's check to this. Top-level checks keep theirs."""
KNOWN = OWNED | {
    "auto_destroy",
    "cache_drive",
    "containers",
    "disable_machine_autostart",
    "dns",
    "guest",
    "metadata",
    "processes",
    "rootfs",
    "schedule",
    "size",
    "spot",
}
"""Every key of fly.MachineConfig in https://docs.machines.dev/spec/openapi3.json, image aside."""
ADDED: Mapping[tuple[str, ...], Json] = {
    # Fly's defaults where a service has no [concurrency]: https://fly.io/docs/reference/configuration/#services-concurrency
    ("services", "concurrency"): {"type": "connections", "hard_limit": 25, "soft_limit": 20},
    # Go's zero of an integer that may be left out: https://fly.io/docs/reference/configuration/#the-http_service-section
    ("services", "min_machines_running"): 0,
}
"""What the platform may add to a config by itself: path (without list indexes) and value. Empty objects, nulls and the default restart
policy never count as a difference."""
NormalConfig = NewType("NormalConfig", JsonObject)
"""A config in normal form. The type keeps a raw config from being compared with a normal one."""
_AUTOSTOP: Mapping[Json, Json] = {"off": False, "stop": True}


def normal_config(config: Mapping[str, Json]) -> NormalConfig:
    """The config in normal form, without image and release metadata. Unknown keys stay as they are."""
    return _normal_config(config, _normal_part)


class NormalForms:
    """`normal_config` for many machines. A config or a part that several have alike is brought into that form once, and they share it."""

    def __init__(self) -> None:
        self._configs = Derived[NormalConfig]()
        self._parts: dict[tuple[str, bytes], Json] = {}

    def of(self, config: Mapping[str, Json]) -> NormalConfig:
        """`config` in normal form."""
        return self._configs.of(config, make=lambda: _normal_config(config, self._part))

    def _part(self, key: str, value: Json) -> Json:
        spelled = None if isinstance(value, PLAIN) else spelling(value)
        if spelled is None:
            return _normal_part(key, value)
        known = (key, spelled)
        if known not in self._parts:
            self._parts[known] = _normal_part(key, value)
        return self._parts[known]


def _normal_config(config: Mapping[str, Json], normal: Callable[[str, Json], Json]) -> NormalConfig:
    result: JsonObject = {}
    for key, value in config.items():
        if key != "image" and not _is_empty(part := normal(key, value)):
            result[key] = part
    return NormalConfig(result)


def _normal_part(key: str, value: Json) -> Json:
    special = _SPECIAL.get(key)
    return special(value) if special else _tidy(value)


def fingerprint(config: Mapping[str, Json], *, image: str | None) -> str:
    """128 bits over the normal form and the image: the `after` of a step, of a record and of a machine's marks."""
    return normal_fingerprint(normal_config(config), image=image)


def normal_fingerprint(config: NormalConfig, *, image: str | None) -> str:
    """`fingerprint` of a config in normal form."""
    return short({"config": config, "image": image})


def short(value: Json, *, secret: Secret | None = None) -> str:
    """128 bits of the digest over `value`, in hex."""
    return digest(value, secret=secret)[:32]


def is_same_config(live: Mapping[str, Json], wanted: Mapping[str, Json]) -> bool:
    """Whether a machine has the planned config, apart from image and release metadata."""
    return are_same(normal_config(live), normal_config(wanted))


def are_same(live: NormalConfig, wanted: NormalConfig) -> bool:
    """`is_same_config` for two configs in normal form.

    `live` may have more only where the platform adds it by itself (`ADDED`), or under a top-level key that is not in Fly's API document,
    because people cannot set such a key yet.
    """
    if live == wanted:
        return True
    found = {k: v for k, v in live.items() if k in wanted or k in KNOWN}
    return without_added(found, wanted) == wanted


def without_added(live: Mapping[str, Json], wanted: Mapping[str, Json]) -> JsonObject:
    """`live` without what the platform has added to `wanted` by itself. Both are in normal form."""
    return {k: _without_added(v, wanted.get(k), path=(k,)) for k, v in live.items()}


def _without_added(live: Json, wanted: Json, *, path: tuple[str, ...]) -> Json:
    if isinstance(live, OBJECT):
        theirs = wanted if isinstance(wanted, OBJECT) else {}
        return {
            key: _without_added(value, theirs.get(key), path=(*path, key))
            for key, value in live.items()
            if key in theirs or ADDED.get((*path, key)) != value
        }
    if isinstance(live, list):
        items = wanted if isinstance(wanted, list) else []
        return [
            _without_added(item, items[index] if index < len(items) else None, path=path)
            for index, item in enumerate(live)
        ]
    return live


def _is_empty(value: Json) -> bool:
    if isinstance(value, PLAIN):
        return False
    return value is None or not value


def _tidy(value: Json) -> Json:
    """Drop nulls, empty objects and empty lists inside objects, at every depth. Lists keep all their items."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, OBJECT):
        return {k: tidied for k, v in value.items() if not _is_empty(tidied := _tidy(v))}
    if isinstance(value, ARRAY):
        return [_tidy(item) for item in value]
    return value


def _metadata(value: Json) -> Json:
    if not isinstance(value, OBJECT):
        return _tidy(value)
    return {k: v for k, v in value.items() if k not in VOLATILE_KEYS and v not in (None, "")}


def _services(value: Json) -> Json:
    return [_service(item) for item in value] if isinstance(value, list | tuple) else _tidy(value)


def _service(value: Json) -> Json:
    if not isinstance(value, OBJECT):
        return value
    result: JsonObject = {}
    for key, item in value.items():
        if key == "autostop":
            result[key] = _AUTOSTOP.get(item, item) if isinstance(item, str) else item
        elif key == "checks" and isinstance(item, list | tuple):
            result[key] = [_cut_interval(_check(check)) for check in item]
        else:
            result[key] = _tidy(item)
    return {k: v for k, v in result.items() if not _is_empty(v)}


def _checks(value: Json) -> Json:
    return (
        {name: _check(check) for name, check in value.items()} if isinstance(value, OBJECT) else _tidy(value)
    )


def _check(value: Json) -> Json:
    if not isinstance(value, OBJECT):
        return value
    result: JsonObject = {}
    for key, item in value.items():
        if key in DURATION_KEYS:
            result[key] = _duration(item)
        elif key == "headers":
            result[key] = _headers(item)
        else:
            result[key] = _tidy(item)
    return {k: v for k, v in result.items() if not _is_empty(v)}


def _cut_interval(check: Json) -> Json:
    """Fly runs a service's check at least every minute. A longer interval may be read back as a minute; that is no change."""
    interval = check.get("interval") if isinstance(check, OBJECT) else None
    if isinstance(check, OBJECT) and isinstance(interval, int) and interval > LONGEST_INTERVAL:
        return {**check, "interval": LONGEST_INTERVAL}
    return check


def _headers(value: Json) -> Json:
    """Sorted by name: flyctl writes headers in random order."""
    if not isinstance(value, list | tuple):
        return _tidy(value)
    return sorted((_tidy(item) for item in value), key=_header_name)


def _header_name(item: Json) -> str:
    return str(item.get("name", "")) if isinstance(item, OBJECT) else ""


def _stop_config(value: Json) -> Json:
    if not isinstance(value, OBJECT):
        return _tidy(value)
    return {k: _duration(v) if k == "timeout" else v for k, v in value.items() if not _is_empty(v)}


def _restart(value: Json) -> Json:
    """None for on-failure with 10 retries: that is also Fly's default without a policy."""
    if not isinstance(value, OBJECT):
        return _tidy(value)
    tidied = {k: v for k, v in value.items() if v not in (None, "", 0)}
    is_default = tidied.get("policy", "on-failure") == "on-failure" and tidied.get("max_retries", 10) == 10
    return None if is_default else tidied


def _duration(value: Json) -> Json:
    """Nanoseconds of a duration text, 0 of an empty one. A number is in nanoseconds already. Any other value is kept."""
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value) if value else 0
    except ValueError:
        return value


_SPECIAL: Mapping[str, Callable[[Json], Json]] = {
    "metadata": _metadata,
    "services": _services,
    "checks": _checks,
    "stop_config": _stop_config,
    "restart": _restart,
}
