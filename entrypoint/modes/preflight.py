"""Ask Fly what may stop the deploy, while the fleet is read. A failure never stops the plan."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from entrypoint.concurrency import both

if TYPE_CHECKING:
    from entrypoint.modes.ports import Preflight
    from entrypoint.planning.preflight.answers import Answers


async def look_around(preflight: Preflight) -> Answers:
    """Ask what can be asked before there is a plan."""
    secrets, (leases, token) = await both(preflight.secrets, partial(both, preflight.leases, preflight.token))
    from entrypoint.planning.preflight.answers import Answers

    return Answers(secrets=secrets, leases=leases, token=token)
