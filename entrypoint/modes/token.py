"""Whether the token may do this deploy. Asked only if there is something to do, and checked before anything is written. An unknown answer
does not stop the deploy.
"""

from __future__ import annotations

from datetime import UTC, datetime

from entrypoint.fleet.errors import Unauthorized
from entrypoint.fleet.preflight import TokenRights
from entrypoint.planning.model.plan import Plan

HINT = "Make a new one and store it as the job's secret: fly tokens create deploy."


def check_token(rights: TokenRights | None, plan: Plan, *, now: float) -> None:
    """`now` is in seconds since 1970. Raises Unauthorized for a token that may only read, or that expires before the deploy is likely to end."""
    if rights is None:
        return
    if rights.writes is False:
        raise Unauthorized(
            f"The Fly token may read {plan.app} but not change it. Nothing was written.", hint=HINT
        )
    likely = plan.forecast.total.likely if plan.forecast else 0.0
    if rights.expires_at is not None and rights.expires_at < now + likely:
        ends = datetime.fromtimestamp(rights.expires_at, UTC)
        raise Unauthorized(
            f"The Fly token expires on {ends.day} {ends:%B %Y at %H:%M} UTC, before this deploy can be done. Nothing was written.",
            hint=HINT,
        )
