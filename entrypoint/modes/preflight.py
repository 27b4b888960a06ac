"""Ask Fly what may stop the deploy, side by side with what is read anyway. A failure never stops the plan."""

from __future__ import annotations

from functools import partial

from entrypoint.concurrency import both, gather
from entrypoint.fleet.model import Fleet
from entrypoint.modes.ports import Preflight
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.preflight.add import Answers, with_preflight
from entrypoint.planning.preflight.room import answered, wanted_room


async def ask(preflight: Preflight) -> Answers:
    """What can be asked before there is a plan."""
    secrets, (leases, token) = await both(preflight.secrets, partial(both, preflight.leases, preflight.token))
    return Answers(secrets=secrets, leases=leases, token=token)


async def look_around(plan: Plan, answers: Answers, preflight: Preflight, *, fleet: Fleet, now: int) -> Plan:
    """The plan with what was found. Only a plan that creates machines asks again: which ones, and for whom, nobody knows before."""
    wanted = wanted_room(plan, organization=fleet.app.organization)
    rooms = await gather([partial(preflight.room, question.placement) for question in wanted])
    room = tuple(answered(question, found) for question, found in zip(wanted, rooms, strict=True))
    return with_preflight(plan, answers, room=room, now=now)
