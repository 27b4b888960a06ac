"""Whether a machine that did not run when the rollback began is still down after it was undone.

Until it runs, with the old version or with the new one, no other member of its group may be taken down.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from entrypoint.concurrency import gather
from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.model import HostStatus
from entrypoint.planning.model.steps import Update
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import HealthGateFailed
from entrypoint.rollout.gate import pass_gate
from entrypoint.rollout.ledger import Touched

_AT_ONCE = 40


def is_back(touched: Touched) -> bool:
    """Whether it was undone, and runs as it should."""
    return touched.undone is None or (touched.undone.restored and touched.undone.healthy)


async def first_down(rollout: Rollout, undone: Sequence[Touched]) -> Touched | None:
    """The first updated machine that is down. One that could not be restored may still start with the new version, and is waited for.

    Machines whose host does not answer are left out: neither version is at fault, and it may last for hours.
    """
    suspects = [t for t in undone if isinstance(t.step, Update) and not is_back(t)]
    down = await gather([partial(_is_down, rollout, touched) for touched in suspects], at_once=_AT_ONCE)
    return next((touched for touched, is_down in zip(suspects, down, strict=True) if is_down), None)


async def _is_down(rollout: Rollout, touched: Touched) -> bool:
    return await _host_answers(rollout, touched) and not await _comes_up(rollout, touched)


async def _comes_up(rollout: Rollout, touched: Touched) -> bool:
    """Wait for the gate of its update, unless it was restored: then its own gate has failed already."""
    written = rollout.ledger.written.get(touched.machine) if touched.machine else None
    is_restored = touched.undone is not None and touched.undone.restored
    if written is None or is_restored:
        return False
    with suppress(HealthGateFailed, FleetError):
        await pass_gate(rollout.machines, written.expected, written.gate, report=_silent, wake=_leave_stopped)
        return True
    return False


def _silent(_: str) -> None:
    """Nothing is reported: its update has failed already."""


async def _leave_stopped() -> None:
    """It is not started again: the rollout has halted."""


async def _host_answers(rollout: Rollout, touched: Touched) -> bool:
    if touched.machine is None:
        return False
    with suppress(FleetError):
        return (await rollout.machines.get(touched.machine)).host_status is HostStatus.OK
    return False
