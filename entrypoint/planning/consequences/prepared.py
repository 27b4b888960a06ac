"""What is done before the first machine is changed: snapshots, larger volumes, addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrypoint.fleet.model import AddressKind, Fleet
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.policy.model import AddressMode
from entrypoint.planning.addresses import has_none
from entrypoint.planning.consequences.said import note, warn
from entrypoint.planning.model.plan import Growth, Snapshot
from entrypoint.planning.reconcile import Reconciled

_ADDRESSES = {
    AddressKind.V6: "a public v6 address",
    AddressKind.SHARED_V4: "a shared v4 address",
    AddressKind.V4: "a dedicated v4 address (2 USD a month)",
    AddressKind.PRIVATE_V6: "a private v6 address (Flycast)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Those of the plan."""

    snapshots: tuple[Snapshot, ...]
    growths: tuple[Growth, ...]
    addresses: tuple[AddressKind, ...]


def no_address(
    fleet: Fleet, groups: Sequence[Reconciled], *, prepared: Prepared, mode: AddressMode | None
) -> Iterator[Finding]:
    """An app that was deployed before gets no address by itself: it may be without one on purpose."""
    serves = any(step.config.get("services") for group in groups for step in group.creates)
    if serves and has_none(fleet) and not prepared.addresses and mode is not AddressMode.NONE:
        yield warn(
            "no-address",
            f"App {ticked(fleet.app.name)} has no address: nobody reaches its services from outside.",
            hint='`[network] addresses = "shared"` in flightplan.toml gives it some with this deploy, `"none"` says that this is intended.',
        )


def note_prepared(prepared: Prepared) -> Iterator[Finding]:
    """One note for the snapshots of each group, one for each volume that grows, one for the addresses."""
    for group, number in Counter(snapshot.group for snapshot in prepared.snapshots).items():
        volumes = "1 volume" if number == 1 else f"each of {number} volumes"
        yield note(
            "snapshot-first",
            f"A snapshot of {volumes} of {ticked(group)} is taken first. The deploy waits for it.",
        )
    for growth in prepared.growths:
        machine = growth.machine
        restart = (
            f"; if Fly asks for it, {ticked(machine.id)} is restarted."
            if machine and growth.restarts
            else "."
        )
        yield note(
            "volume-grows",
            f"Volume {ticked(growth.volume)} of {ticked(growth.group)} grows from {growth.was_gb} to {growth.size_gb} GB, and cannot shrink again{restart}",
        )
    if prepared.addresses:
        kinds = " and ".join(_ADDRESSES[kind] for kind in prepared.addresses)
        yield note(
            "addresses",
            f"The app gets {kinds} with its first deploy. `[network] addresses` in flightplan.toml asks for others.",
        )
