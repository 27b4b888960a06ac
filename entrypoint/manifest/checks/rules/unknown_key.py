"""A key that flyctl ignores without a message (docs/rules/unknown-key.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.checks.rules.places import PLACES, header, homes, is_harmless, owner_above
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.decode.decoder import UnknownKey
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.problems import quote

ID = "unknown-key"
SUMMARY = "A key that flyctl does not know, and ignores without a message."
_COUNT = "How many machines there are is a count in flightplan.toml: [groups.web] count = 3."
_REMEDIES = {
    "autostop": "auto_stop_machines",
    "auto_stop": "auto_stop_machines",
    "autostart": "auto_start_machines",
    "auto_start": "auto_start_machines",
    "min_machines": "min_machines_running",
    "max_retries": "retries",
    "docker_build_target": "build-target",
    "target": "build-target",
    "build_args": "args",
    "soft": "soft_limit",
    "hard": "hard_limit",
    "kind": "cpu_kind",
    "health_checks": "checks",
    "http_checks": "checks",
    "region": "primary_region",
}
"""What people write, and the right key, if the section has it."""
_PHANTOMS = {
    "max_machines_running": f"Nothing caps the number of running machines. {_COUNT}",
    "max_machines": _COUNT,
    "count": _COUNT,
    "scale": _COUNT,
    "autoscaling": f"Machines are not created on demand; auto_stop_machines and auto_start_machines use those there are. {_COUNT}",
    "regions": "Machines of several regions are a count in flightplan.toml: count = { iad = 2, gru = 1 }.",
    "schedules": "A schedule belongs to a machine: fly machine run --schedule.",
    "schedule": "A schedule belongs to a machine: fly machine run --schedule.",
    "context": "The build context is the folder that flyctl is called in.",
}
"""Keys that never existed in fly.toml, and what to use instead."""
_LEFTOVERS = {"allowed_public_ports", "private_network", "enable_6pn"}
"""Keys of [experimental] from before Machines, which have no effect."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """Every unknown key, with the one it was probably meant to be."""
    for unknown in manifest.unknown:
        key = str(unknown.path[-1])
        if is_harmless(unknown) or owner_above(unknown) is not None:
            continue
        leftover = unknown.section == "experimental" and key in _LEFTOVERS
        yield finding_at(
            manifest,
            unknown.path,
            node=unknown.node,
            rule=ID,
            severity=Severity.NOTICE if leftover else Severity.WARNING,
            message=f"flyctl ignores {quote(key)}: {_where(unknown)} has no such key",
            hint="Remove it: it is from before Machines."
            if leftover
            else _group_hint(manifest, unknown, key) or _hint(unknown, key),
            on_key=True,
        )


def _group_hint(manifest: Manifest, unknown: UnknownKey, key: str) -> str:
    """[vm.web]: a section for one group, as other tools have them."""
    if not manifest.has_group(GroupName(key)) or not isinstance(unknown.node.value, dict):
        return ""
    place = header(unknown.path[:-1])
    return (
        f'Write {place} with processes = ["{key}"].'
        if len(unknown.path) > 1 and "processes" in unknown.known
        else ""
    )


def _where(unknown: UnknownKey) -> str:
    return "fly.toml" if len(unknown.path) == 1 else quote(header(unknown.path[:-1]))


def _hint(unknown: UnknownKey, key: str) -> str:
    if (unknown.section, key) in PLACES:
        return PLACES[unknown.section, key]
    remedy = _REMEDIES.get(key)
    if remedy in unknown.known:
        return f"Did you mean {quote(remedy)}?"
    if key in _PHANTOMS:
        return _PHANTOMS[key]
    at_home = homes(key)
    if 0 < len(at_home) < 4:
        return f"It is a key of {' and '.join(at_home)}."
    close = nearest(key, unknown.known)
    return f"Did you mean {quote(close)}?" if close else ""
