"""A machine that is created cordoned, and uncordoned once it is healthy."""

from __future__ import annotations

from dataclasses import replace

from entrypoint.fleet.extras import cordon_of
from entrypoint.planning.model.steps import Create, Route
from entrypoint.planning.observed import Seen


def unrouted(step: Create, made: Seen | None) -> tuple[Create, Route]:
    """The two steps: create cordoned, then uncordon. `made`: the machine, if an interrupted run has created it."""
    route = Route(
        group=step.group,
        region=step.region,
        slot=step.slot,
        machine=None,
        reason=step.reason,
        gate=step.gate,
        marked=not step.extra,
        done=made is not None and not made.machine.cordoned and cordon_of(made.machine) is None,
    )
    return replace(step, routed=False), route
