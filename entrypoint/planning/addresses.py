"""Which addresses an app gets with its first deploy (flyctl-deploy §1.6, provisionIpsOnFirstDeploy)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from entrypoint.fleet.model import AddressKind, Fleet
from entrypoint.manifest.policy import AddressMode
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled

DEPLOYED = ("deployed", "suspended")
"""Words of an app that was deployed before."""


def plan_addresses(
    groups: Sequence[Reconciled], *, fleet: Fleet, seen: Sequence[Seen], mode: AddressMode | None
) -> tuple[AddressKind, ...]:
    """None where the app was deployed before, nothing has a service, or it has addresses already."""
    is_first = fleet.app.status not in DEPLOYED and all(s.is_new for s in seen)
    serves = any(step.config.get("services") for group in groups for step in group.creates)
    if not is_first or not serves or fleet.addresses:
        return ()
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
