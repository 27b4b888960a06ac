"""`drain = true`: a machine is cordoned before its update, so that no request is lost."""

from __future__ import annotations

from dataclasses import replace

from entrypoint.fleet.extras import cordon_of
from entrypoint.planning.model.steps import Start, Update
from entrypoint.planning.reconcile import Reconciled


def drained(group: Reconciled, *, wanted: bool) -> Reconciled:
    """The group; an update drains if the policy asks for it and the machine has services, or if an interrupted rollout has cordoned it."""
    return replace(group, changes=tuple(_drained(change, wanted=wanted) for change in group.changes))


def _drained(change: Update | Start, *, wanted: bool) -> Update | Start:
    if not isinstance(change, Update):
        return change
    serves = change.serves and bool(change.machine.config.get("services"))
    return replace(change, drain=(wanted and serves) or cordon_of(change.machine) is not None)
