"""When two fleets are the same deploy's work (README of the vectors): new ids, release records, states and the order of headers aside."""

from __future__ import annotations

import json
from typing import Any

_OWN = {
    "fly_release_id",
    "fly_release_version",
    "fly_flyctl_version",
    "fly_bluegreen_deployment_tag",
    "fly_flyctl_bluegreen_launch_id",
}
"""Metadata that differ from run to run."""


def outline(fleet: dict[str, Any], *, known: set[str]) -> list[str]:
    """What must match of machines and volumes, one line each. Ids that are not `known` become words for what they name."""
    names = {m["id"]: _name_machine(m) for m in fleet["machines"] if m["id"] not in known}
    names |= {v["id"]: f"a new volume {v['name']}" for v in fleet["volumes"] if v["id"] not in known}
    lines = [
        {
            "machine": m["id"],
            "region": m["region"],
            "cordoned": bool(m.get("cordoned")),
            "config": _settle(m["config"]),
        }
        for m in fleet["machines"]
    ]
    lines += [
        {"volume": v["id"], **{k: v.get(k) for k in ("name", "region", "size_gb", "encrypted", "attached_machine_id")}}
        for v in fleet["volumes"]
    ]  # fmt: skip
    shown = [json.dumps(line, sort_keys=True) for line in lines]
    for ident, name in names.items():
        shown = [line.replace(ident, name) for line in shown]
    return sorted(shown)


def _name_machine(machine: dict[str, Any]) -> str:
    kind = "standby" if machine["config"].get("standbys") else "machine"
    return f"a new {kind} of {machine['config']['metadata'].get('fly_process_group')}"


def _settle(value: Any) -> Any:
    """Without what differs from run to run; headers in order of name, for flyctl sends them in Go's random order."""
    if isinstance(value, list):
        return [_settle(item) for item in value]
    if not isinstance(value, dict):
        return value
    settled = {key: _settle(item) for key, item in value.items() if key not in _OWN}
    if isinstance(settled.get("headers"), list):
        settled["headers"] = sorted(settled["headers"], key=lambda header: json.dumps(header, sort_keys=True))
    return settled
