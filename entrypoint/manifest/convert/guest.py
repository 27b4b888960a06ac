"""`[[vm]]` → guest (flyctl machines.go:computeToGuest, fly-go MachinePresets)."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.values import parse_memory

_KEYS = (
    "cpu_kind",
    "cpus",
    "memory_mb",
    "max_memory_mb",
    "gpus",
    "gpu_kind",
    "host_dedication_id",
    "persist_rootfs",
    "kernel_args",
)
DEFAULT_SIZE = "shared-cpu-1x"
DEFAULT_GPU_SIZE = "performance-8x"


def _presets() -> dict[str, JsonObject]:
    presets: dict[str, JsonObject] = {
        f"shared-cpu-{n}x": {"cpu_kind": "shared", "cpus": n, "memory_mb": 256 * n} for n in (1, 2, 4, 6, 8)
    }
    presets |= {
        f"performance-{n}x": {"cpu_kind": "performance", "cpus": n, "memory_mb": 2048 * n}
        for n in (1, 2, 4, 6, 8, 10, 12, 14, 16)
    }
    gpus = {"a100-40gb": "a100-pcie-40gb", "a100-80gb": "a100-sxm4-80gb", "l40s": "l40s", "a10": "a10"}
    presets |= {
        size: {"cpu_kind": "performance", "cpus": 8, "memory_mb": 32768, "gpus": 1, "gpu_kind": kind}
        for size, kind in gpus.items()
    }
    return presets


PRESETS: Mapping[str, JsonObject] = _presets()


def compute_for(manifest: Manifest, group: GroupName) -> tuple[int, Mapping[str, Json]] | None:
    """The `[[vm]]` that applies and its index: the last that names the group, else the first that names none."""
    found: tuple[int, Mapping[str, Json]] | None = None
    for index, vm in enumerate(manifest.tables("vm")):
        names = strings(vm.get("processes"))
        if group in names or (found is None and (not names or "" in names)):
            found = (index, vm)
    return found


def guest_of(compute: Mapping[str, Json], *, host_dedication: Json) -> JsonObject:
    """The guest. memory overrides the preset, and every other non-zero key overrides both. Raises ValueError."""
    size = compute.get("size") or (DEFAULT_GPU_SIZE if compute.get("gpu_kind") else DEFAULT_SIZE)
    if size not in PRESETS:
        raise ValueError(f"there is no size {size!r}; sizes are {', '.join(PRESETS)}")
    guest = dict(PRESETS[str(size)])
    if host_dedication:
        guest["host_dedication_id"] = host_dedication
    memory = compute.get("memory")
    if isinstance(memory, str) and memory:
        guest["memory_mb"] = parse_memory(memory)
        if guest["memory_mb"] == 0:
            raise ValueError("memory cannot be zero")
    guest |= {key: compute[key] for key in _KEYS if compute.get(key)}
    return guest
