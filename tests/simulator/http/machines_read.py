"""Machines, read: list, get, versions, events, processes."""

from __future__ import annotations

import re

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.paging import Page, page_of
from tests.simulator.http.reply import Reply
from tests.simulator.http.wire import show_event, show_machine
from tests.simulator.state.behaviours import find_behaviour
from tests.simulator.state.model import Machine
from tests.simulator.state.refusals import invalid, not_found, precondition

_BASE = "/v1/apps/{app}/machines"
_METADATA = re.compile(r"^metadata\.(.+)$")


def list_machines(call: Call) -> Reply:
    """Machines of an app, filtered and paged."""
    world = call.world
    found = [machine for machine in call.app.machines.values() if _is_listed(call, machine)]
    page = page_of(call, found, key=lambda machine: machine.id, size=call.get("limit"))
    summary, leases = call.is_set("summary"), call.is_set("include_leases")
    body = [show_machine(world, machine, summary=summary, leases=leases) for machine in page.items]
    return Reply(body=body, headers=_next(page))


def _next(page: Page[Machine]) -> dict[str, str]:
    return {"fly-next-cursor": page.cursor} if page.cursor else {}


def _is_listed(call: Call, machine: Machine) -> bool:
    if call.world.is_forgotten(machine):
        return False
    if machine.state == "destroyed" and not call.is_set("include_deleted"):
        return False
    region, states = call.get("region"), call.get("state")
    if region and machine.region not in region.split(","):
        return False
    if states and machine.state not in states.split(","):
        return False
    wanted = [(match.group(1), value) for key, value in call.query if (match := _METADATA.match(key))]
    return all(machine.metadata.get(key) == value for key, value in wanted)


def get_machine(call: Call) -> Reply:
    """One machine, or an older version of it."""
    machine, wanted = call.machine, call.get("version")
    version = next((known for known in machine.versions if known.id == wanted), None)
    if wanted and version is None:
        raise not_found("machine version not found")
    return Reply(
        body=show_machine(call.world, machine, version=version, leases=call.is_set("include_leases"))
    )


def list_versions(call: Call) -> Reply:
    """All configurations that the machine has had, newest first."""
    return Reply(body=[{"version": v.id, "user_config": v.config} for v in reversed(call.machine.versions)])


def list_events(call: Call) -> Reply:
    """The history of the present version."""
    text = call.get("limit") or "20"
    if not text.isdigit() or not 1 <= int(text) <= 50:
        raise invalid("limit must be between 1 and 50")
    return Reply(body=[show_event(call.world, event) for event in call.machine.events[: int(text)]])


def list_processes(call: Call) -> Reply:
    """What runs inside, and on which ports it listens."""
    machine = call.machine
    if machine.state != "started":
        raise precondition(f"machine not running, currently {machine.state}")
    listens = find_behaviour(call.world.behaviours, machine).listens
    host = {"service": "[::]", "loopback": "127.0.0.1"}.get(listens)
    ports = sorted({s["internal_port"] for s in machine.config.get("services") or [] if "internal_port" in s})
    sockets = [{"proto": "tcp", "address": f"{host}:{port}"} for port in ports] if host else []
    command = " ".join(machine.config.get("init", {}).get("cmd") or ["app"])
    process = {
        "pid": 1,
        "command": command,
        "directory": "/",
        "cpu": 0,
        "rss": 1 << 20,
        "rtime": 1,
        "stime": 1,
        "listen_sockets": sockets,
    }
    return Reply(body=[process])


ENDPOINTS = (
    Endpoint(method="GET", path=_BASE, operation="machine_list", handle=list_machines),
    Endpoint(method="GET", path=_BASE + "/{machine}", operation="machine_get", handle=get_machine),
    Endpoint(
        method="GET", path=_BASE + "/{machine}/versions", operation="machine_versions", handle=list_versions
    ),
    Endpoint(method="GET", path=_BASE + "/{machine}/events", operation="machine_events", handle=list_events),
    Endpoint(method="GET", path=_BASE + "/{machine}/ps", operation="machine_ps", handle=list_processes),
)
