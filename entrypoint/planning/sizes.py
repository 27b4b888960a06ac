"""A machine's size in words: the name of the CPU preset, and the memory."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.json import Json


def size_words(guest: Json) -> str:
    """For example: shared-cpu-1x 512 MB; performance-2x 4 GB. Names a GPU, too. Empty if there is no size."""
    if not isinstance(guest, Mapping) or not guest:
        return ""
    cpus, memory = guest.get("cpus"), guest.get("memory_mb")
    kind = guest.get("cpu_kind") or "shared"
    name = f"shared-cpu-{cpus}x" if kind == "shared" else f"{kind}-{cpus}x"
    gpu = f" with {guest['gpu_kind']}" if guest.get("gpu_kind") else ""
    return f"{name} {_memory(memory)}{gpu}".strip()


def size_change(before: Json, after: Json) -> str:
    """What changes: "4 GB → 512 MB" if only the memory does, else both sizes in full. Empty if their words are equal."""
    was, now = size_words(before), size_words(after)
    if was == now:
        return ""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        alike = {**before, "memory_mb": after.get("memory_mb")} == dict(after)
        if alike:
            return f"{_memory(before.get('memory_mb'))} → {_memory(after.get('memory_mb'))}"
    return f"{was or 'none'} → {now or 'none'}"


def shrinks(before: Json, after: Json) -> bool:
    """Whether there is less memory, or there are fewer or weaker CPUs."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    weaker = before.get("cpu_kind") == "performance" and after.get("cpu_kind") == "shared"
    return weaker or any(_number(after.get(key)) < _number(before.get(key)) for key in ("memory_mb", "cpus"))


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _memory(megabytes: Json) -> str:
    number = _number(megabytes)
    if not number:
        return ""
    return f"{number / 1024:g} GB" if number >= 1024 else f"{number:g} MB"
