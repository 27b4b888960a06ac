"""All other fields of a new machine's config, by their paths, so that the comment shows everything that is created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from entrypoint.kernel.json import Json
from entrypoint.kernel.redaction import HIDDEN, is_private_key
from entrypoint.report.text.values import shown

_TOLD = frozenset(
    {
        "checks.*.grace_period",
        "checks.*.interval",
        "checks.*.port",
        "checks.*.timeout",
        "checks.*.type",
        "env",
        "files.*.guest_path",
        "guest.cpu_kind",
        "guest.cpus",
        "guest.gpu_kind",
        "guest.memory_mb",
        "image",
        "init.cmd",
        "init.entrypoint",
        "init.exec",
        "metadata.fly_platform_version",
        "metadata.fly_process_group",
        "mounts.*.name",
        "mounts.*.path",
        "mounts.*.volume",
        "restart.policy",
        "schedule",
        "services.*.checks.*.grace_period",
        "services.*.checks.*.interval",
        "services.*.checks.*.timeout",
        "services.*.checks.*.type",
        "services.*.internal_port",
        "services.*.ports.*.end_port",
        "services.*.ports.*.handlers",
        "services.*.ports.*.port",
        "services.*.ports.*.start_port",
        "services.*.protocol",
        "standbys",
    }
)
"""Fields that report/plan/created.py or the table show. `*` is any index of a list, or the name of a check."""


def other_fields(config: Mapping[str, Json]) -> Iterator[str]:
    """For example: services.0.concurrency.hard_limit = 25. A value that must not be printed is hidden."""
    yield from _fields(config, (), ())


def _fields(value: Json, path: tuple[str, ...], pattern: tuple[str, ...]) -> Iterator[str]:
    if value is None or ".".join(pattern) in _TOLD:
        return
    if path and is_private_key(path[-1]):
        yield from (f"{'.'.join(name)} = {HIDDEN}" for name in _named(value, path))
    elif isinstance(value, Mapping):
        is_http = value.get("type") == "http"
        for key, inner in value.items():
            if key == "path" and is_http and pattern[-2:-1] == ("checks",):
                continue  # shown with the check
            yield from _fields(inner, (*path, key), (*pattern, "*" if pattern == ("checks",) else key))
    elif isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value):
        for index, inner in enumerate(value):
            yield from _fields(inner, (*path, str(index)), (*pattern, "*"))
    else:
        yield f"{'.'.join(path)} = {shown(value)}"


def _named(value: Json, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The names of variables or headers in a hidden value."""
    if isinstance(value, Mapping):
        yield from ((*path, key) for key in value)
    elif isinstance(value, Sequence) and any(isinstance(item, Mapping) and "name" in item for item in value):
        yield from (
            (*path, str(item["name"])) for item in value if isinstance(item, Mapping) and "name" in item
        )
    else:
        yield path
