"""Which addresses an app gets with its first deploy (flyctl internal/command/deploy, provisionIpsOnFirstDeploy)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from entrypoint.fleet.marks import LOCK
from entrypoint.fleet.model import AddressKind, Fleet
from entrypoint.manifest.policy.model import AddressMode
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled

DEPLOYED = ("deployed", "suspended")
"""`status` of an app that was deployed before."""


def plan_addresses(
    groups: Sequence[Reconciled],
    *,
    whole: Sequence[Reconciled],
    fleet: Fleet,
    seen: Sequence[Seen],
    mode: AddressMode | None,
) -> tuple[AddressKind, ...]:
    """The addresses to allocate. Empty if the app was deployed before, has no service, or has other addresses already.

    `mode`: what flightplan.toml asks for. Then an app without machines and addresses gets them also if it was deployed before: the first
    deploy may have stopped before it allocated them.

    `groups` have the steps of this deploy; `whole` also has the groups that a filter leaves out. A service in one of those counts too:
    addresses belong to the app, and no later deploy is its first. If the app already has the first address of two, an earlier first
    deploy was interrupted between them: it gets the second.
    """
    never = fleet.app.status not in DEPLOYED or _is_cut_off(fleet) or (mode is not None and has_none(fleet))
    is_first = never and all(s.is_new for s in seen) and any(group.creates for group in groups)
    serves = any(step.config.get("services") for group in whole for step in group.creates)
    if not is_first or not serves:
        return ()
    wanted, have = _of_mode(mode), [address.kind for address in fleet.addresses or ()]
    return wanted[len(have) :] if list(wanted[: len(have)]) == have else ()


def has_none(fleet: Fleet) -> bool:
    """Whether the app is known to have no address."""
    return fleet.addresses == ()


def _is_cut_off(fleet: Fleet) -> bool:
    """Whether our lock is left from an interrupted first deploy. It is a machine, so Fly says that the app is deployed."""
    return any(LOCK in machine.metadata for machine in fleet.machines)


def _of_mode(mode: AddressMode | None) -> tuple[AddressKind, ...]:
    match mode:
        case None | AddressMode.SHARED:
            return AddressKind.V6, AddressKind.SHARED_V4
        case AddressMode.DEDICATED:
            return AddressKind.V6, AddressKind.V4
        case AddressMode.PRIVATE:
            return (AddressKind.PRIVATE_V6,)
        case AddressMode.NONE:
            return ()
        case _:
            assert_never(mode)
