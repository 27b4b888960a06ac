"""A configuration as the platform keeps it: checked, and in the spelling that its answers use."""

from __future__ import annotations

from typing import Any

from tests.simulator.state.model import Config
from tests.simulator.state.probes import read_seconds
from tests.simulator.state.refusals import invalid
from tests.simulator.state.settings import Switches
from tests.simulator.state.shapes import CONFIG, check_shape

_AUTOSTOP: dict[object, object] = {
    "off": False,
    "stop": True,
    "suspend": "suspend",
    True: True,
    False: False,
    None: None,
}
_SHARED_CPUS = {1, 2, 4, 6, 8}
_PERFORMANCE_CPUS = {1, 2, 4, 6, 8, 10, 12, 14, 16, 32, 64, 128}
_DURATIONS = ("interval", "timeout", "grace_period")


def normalise(config: object, *, switches: Switches | None = None) -> Config:
    """A checked copy of `config`. Refuses what the platform would."""
    switches = switches or Switches()
    if not isinstance(config, dict):
        raise invalid("config is required")
    check_shape(config, CONFIG, "config")
    kept: Config = _copy_without_nulls(config)
    if not kept.get("image"):
        raise invalid("invalid config.image: must be set")
    if len(kept.get("mounts") or []) > 1:
        raise invalid("invalid config.mounts: only 1 mount supported")
    _check_guest(kept)
    kept.setdefault("init", {})
    for service in kept.get("services") or []:
        _normalise_service(service, switches)
    for check in (kept.get("checks") or {}).values():
        _spell_durations(check, switches)
    return kept


def _copy_without_nulls(value: Any) -> Any:
    """A copy, at every depth, without null members; `force_instance_key` stays, as Fly's answers show it."""
    if isinstance(value, dict):
        return {
            k: _copy_without_nulls(v) for k, v in value.items() if v is not None or k == "force_instance_key"
        }
    if isinstance(value, list):
        return [_copy_without_nulls(v) for v in value]
    return value


def _check_guest(config: Config) -> None:
    """guest or size, with the sizes that exist."""
    guest, size = config.get("guest"), config.get("size")
    if guest is not None and size is not None:
        raise invalid("invalid config.guest: guest and size are mutually exclusive")
    if size is not None:
        guest = _read_size(size)
        config["guest"] = guest
        del config["size"]
    if guest is None:
        config["guest"] = guest = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}
    kind, cpus, memory = (
        guest.get("cpu_kind") or "shared",
        guest.get("cpus") or 1,
        guest.get("memory_mb") or 256,
    )
    if kind not in {"shared", "performance"}:
        raise invalid(f"invalid config.guest: cpu_kind {kind!r}, cpus {cpus!r}, memory_mb {memory!r}")
    shared = kind == "shared"
    if cpus not in (_SHARED_CPUS if shared else _PERFORMANCE_CPUS):
        raise invalid(f"invalid config.guest: invalid number of CPUs: {cpus}")
    step, least, most = (256, 256, 2048) if shared else (1024, 2048, 8192)
    if memory % step or not least * cpus <= memory <= most * cpus:
        raise invalid(f"invalid config.guest: invalid memory size {memory} for {cpus} {kind} cpus")


def _read_size(size: object) -> Config:
    kind, _, rest = str(size).partition("-")
    count = rest.removeprefix("cpu-").removesuffix("x")
    if kind not in {"shared", "performance"} or not count.isdigit():
        raise invalid(f"invalid config.size: {size}")
    cpus = int(count)
    return {"cpu_kind": kind, "cpus": cpus, "memory_mb": cpus * (256 if kind == "shared" else 2048)}


def _normalise_service(service: Config, switches: Switches) -> None:
    if "autostop" in service:
        word = service["autostop"]
        if not isinstance(word, bool | str) or word not in _AUTOSTOP:
            raise invalid(f"invalid config.services.autostop: {word!r}")
        service["autostop"] = _AUTOSTOP[word]
    service.setdefault("force_instance_key", None)
    most = switches.service_interval_max
    for check in service.get("checks") or []:
        if most is not None and read_seconds(check.get("interval"), default=0.0) > most:
            check["interval"] = most * 1_000_000_000
        _spell_durations(check, switches)


def _spell_durations(check: Config, switches: Switches) -> None:
    """Durations leave as text, however they came."""
    for key in _DURATIONS:
        value = check.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            check[key] = spell_duration(value)
        elif isinstance(value, str) and switches.durations == "go":
            check[key] = spell_duration(round(read_seconds(value, default=0.0) * 1e9))


def spell_duration(nanoseconds: int) -> str:
    """As Go writes it: 90000000000 is 1m30s."""
    if nanoseconds and abs(nanoseconds) < 1_000_000_000:
        return f"{nanoseconds / 1e6:g}ms"
    seconds = nanoseconds / 1e9
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{seconds:g}s"
    if hours or minutes:
        text = f"{minutes:g}m{text}"
    return f"{hours:g}h{text}" if hours else text
