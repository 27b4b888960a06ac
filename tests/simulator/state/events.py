"""A machine's history: newest first, of the present version only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.simulator.state.model import Event, Machine
from tests.simulator.state.world import World

CAP = 50


def record(
    world: World,
    machine: Machine,
    *,
    type: str,  # noqa: A002 - the API's own word
    status: str,
    source: str,
    request: dict[str, Any] | None = None,
) -> Event:
    """Put a line on top of the history."""
    event = Event(
        id=world.make_ulid(), type=type, status=status, source=source, at=world.now, request=request
    )
    machine.events.insert(0, event)
    del machine.events[CAP:]
    return event


def record_exit(
    world: World,
    machine: Machine,
    *,
    code: int,
    requested: bool,
    restarting: bool,
    oom: bool = False,
    signal: int = -1,
) -> Event:
    """The end of the main process, with its data in both nestings that clients read.

    `exited_at` is a timestamp: fly-go decodes nothing else, whatever the documents show.
    """
    moment = (
        datetime.fromtimestamp(world.epoch + world.now, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
    exit_event = {
        "requested_stop": requested,
        "restarting": restarting,
        "guest_exit_code": code,
        "guest_signal": signal,
        "guest_error": "",
        "exit_code": code,
        "signal": signal,
        "error": "",
        "oom_killed": oom,
        "exited_at": moment,
    }
    request = {
        "exit_event": exit_event,
        "MonitorEvent": {"exit_event": dict(exit_event)},
        "restart_count": machine.restart_count,
    }
    status = "started" if restarting else "stopped"
    return record(world, machine, type="exit", status=status, source="flyd", request=request)
