"""Which addresses an app gets with its first deploy (flyctl-deploy §1.6, provisionIpsOnFirstDeploy)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from entrypoint.fleet.marks import LOCK
from entrypoint.fleet.model import AddressKind, Fleet
from entrypoint.manifest.policy.model import AddressMode
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled

DEPLOYED = ("deployed", "suspended")
"""Words of an app that was deployed before."""


def plan_addresses(
    groups: Sequence[Reconciled],
    *,
    whole: Sequence[Reconciled],
    fleet: Fleet,
    seen: Sequence[Seen],
    mode: AddressMode | None,
) -> tuple[AddressKind, ...]:
    """None where the app was deployed before, nothing has a service, or it has addresses of its own.

    `groups` with the steps of this deploy, `whole` with those that a filter leaves out too: addresses are the app's, and no later deploy is
    its first, so a group that serves gets them also where it is left out now.
    One that was never deployed and has the first of what it would get was cut off between the two: it gets the other.
    """
    never = fleet.app.status not in DEPLOYED or _is_cut_off(fleet)
    is_first = never and all(s.is_new for s in seen) and any(group.creates for group in groups)
    serves = any(step.config.get("services") for group in whole for step in group.creates)
    if not is_first or not serves:
        return ()
    wanted, have = _of_mode(mode), [address.kind for address in fleet.addresses or ()]
    return wanted[len(have) :] if list(wanted[: len(have)]) == have else ()


def _is_cut_off(fleet: Fleet) -> bool:
    """A lock of ours is left: a machine, and with it the app counts as deployed, although that deploy never came to its end."""
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
