"""Adds the findings of the preflight to a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from entrypoint.kernel.findings import Finding
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.preflight import Preflight, Room
from entrypoint.planning.preflight.answers import Answers
from entrypoint.planning.preflight.leases import leases_in_the_way, note_leases
from entrypoint.planning.preflight.room import warn_of_no_room
from entrypoint.planning.preflight.secrets import note_secrets, staged_secrets
from entrypoint.planning.preflight.token import note_token


def with_preflight(plan: Plan, answers: Answers, *, room: tuple[Room, ...], now: int) -> Plan:
    """The plan with findings. Steps and digests do not change, so these findings are not reviewed. `now`: seconds since 1970."""
    found = Preflight(
        secrets=None if answers.secrets is None else staged_secrets(plan, answers.secrets),
        leases=None if answers.leases is None else leases_in_the_way(plan, answers.leases),
        room=room,
        token=answers.token,
    )
    return replace(plan, preflight=found, findings=(*plan.findings, *_findings(plan, found, now=now)))


def _findings(plan: Plan, found: Preflight, *, now: int) -> Iterator[Finding]:
    yield from warn_of_no_room(found.room)
    yield from note_leases(found.leases or ())
    yield from note_secrets(found.secrets or (), groups=len(plan.groups))
    if found.token is not None:
        yield from note_token(found.token, app=plan.app, now=now)
