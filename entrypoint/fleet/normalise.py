"""One normal form of a machine config, so that only differences with a meaning count.

The API normalises what it stores (machines-api §2.1): autostop words become booleans, empty objects and nulls come and go,
durations may be strings or integer nanoseconds, a tag may come back with its digest. And flyctl rewrites its release metadata
and shuffles a check's headers on every deploy. None of that is a change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.kernel.durations import SECOND, parse_duration
from entrypoint.kernel.json import Json, JsonObject, digest

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
"""What a deploy builds anew from fly.toml every time, absent where fly.toml says nothing (flytoml spec §4.1)."""
LONGEST_INTERVAL = 60 * SECOND
"""Nanoseconds, of a service's check: Fly's documentation and other clients say that more is cut to this; top-level checks keep theirs.
"""
_AUTOSTOP: Mapping[Json, Json] = {"off": False, "stop": True}


def normal_config(config: Mapping[str, Json]) -> JsonObject:
    """The config in normal form, without image and release metadata. Unknown keys stay as they are."""
    result: JsonObject = {}
    for key, value in config.items():
        if key == "image":
            continue
        special = _SPECIAL.get(key)
        cleaned = special(value) if special else _tidy(value)
        if not _is_empty(cleaned):
            result[key] = cleaned
    return result


def fingerprint(config: Mapping[str, Json], *, image: str | None) -> str:
    """128 bits over the normal form and the image: what `after` in a step, a record and a machine's marks holds."""
    return short({"config": normal_config(config), "image": image})


def short(value: Json) -> str:
    """128 bits of the digest over `value`, in hex."""
    return digest(value)[:32]


def covers(live: Json, wanted: Json, *, path: tuple[str, ...] = ()) -> bool:
    """Whether a normal form holds all that another asks for and nothing but defaults the server may have added.

    Lists and `env` must match exactly: there, more is different. So is a whole section more of what fly.toml owns, such as a
    restart policy set by hand.
    """
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        if path[:1] == ("env",):
            return live == wanted
        if not path and (live.keys() - wanted.keys()) & OWNED:
            return False
        return all(
            key in live and covers(live[key], value, path=(*path, key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(live, list):
        return len(live) == len(wanted) and all(
            covers(a, b, path=path) for a, b in zip(live, wanted, strict=True)
        )
    return live == wanted


def _is_empty(value: Json) -> bool:
    return value is None or (
        isinstance(value, Mapping | Sequence) and not isinstance(value, str) and not value
    )


def _tidy(value: Json) -> Json:
    """Drop nulls and empty objects and lists, at every depth of objects; list items keep their places."""
    if isinstance(value, Mapping):
        return {k: tidied for k, v in value.items() if not _is_empty(tidied := _tidy(v))}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_tidy(item) for item in value]
    return value


def _metadata(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return _tidy(value)
    return {k: v for k, v in value.items() if k not in VOLATILE_KEYS and v not in (None, "")}


def _services(value: Json) -> Json:
    return [_service(item) for item in value] if isinstance(value, list | tuple) else _tidy(value)


def _service(value: Json) -> Json:
    if not isinstance(value, Mapping):
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
        {name: _check(check) for name, check in value.items()} if isinstance(value, Mapping) else _tidy(value)
    )


def _check(value: Json) -> Json:
    if not isinstance(value, Mapping):
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
    """Fly runs a service's check every minute at least: what asks for more may be read back as a minute, and is no change."""
    interval = check.get("interval") if isinstance(check, Mapping) else None
    if isinstance(check, Mapping) and isinstance(interval, int) and interval > LONGEST_INTERVAL:
        return {**check, "interval": LONGEST_INTERVAL}
    return check


def _headers(value: Json) -> Json:
    """A set by name: flyctl writes it in random order (flyctl-deploy §12)."""
    if not isinstance(value, list | tuple):
        return _tidy(value)
    return sorted((_tidy(item) for item in value), key=_header_name)


def _header_name(item: Json) -> str:
    return str(item.get("name", "")) if isinstance(item, Mapping) else ""


def _stop_config(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return _tidy(value)
    return {k: _duration(v) if k == "timeout" else v for k, v in value.items() if not _is_empty(v)}


def _restart(value: Json) -> Json:
    """No policy means on-failure, ten tries (machines-api §2.1): the same said aloud is no change."""
    if not isinstance(value, Mapping):
        return _tidy(value)
    tidied = {k: v for k, v in value.items() if v not in (None, "", 0)}
    is_default = tidied.get("policy", "on-failure") == "on-failure" and tidied.get("max_retries", 10) == 10
    return None if is_default else tidied


def _duration(value: Json) -> Json:
    """Nanoseconds of a duration; a number counts them already, and an empty string is none. Anything else stays."""
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
