"""Routes for people and tests: look at fleet, journal and traffic, change things by hand. Not part of Fly's API."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.simulator.faults import Rule
from tests.simulator.http.page.files import make_page_routes
from tests.simulator.http.page.rows import list_rows
from tests.simulator.http.reply import refuse
from tests.simulator.http.simulator import Simulator
from tests.simulator.http.wire import show_app, show_machine, show_release, show_volume
from tests.simulator.state.hands import perform
from tests.simulator.state.model import App
from tests.simulator.state.moments import is_routable
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.settings import Switches
from tests.simulator.state.traffic import list_changes, list_cuts, list_routable
from tests.simulator.state.world import World

_HELD = 0.5
"""Seconds for which the page's question is held while nothing changes."""


def dump_fleet(simulator: Simulator) -> dict[str, Any]:
    """Everything there is: apps with machines, volumes and releases."""
    world = simulator.world
    return {"now": round(world.now, 3), "apps": {name: _dump_app(world, name) for name in world.apps}}


def _dump_app(world: World, name: str) -> dict[str, Any]:
    app = world.apps[name]
    machines = [
        show_machine(world, machine, leases=True)
        | {"group": machine.group, "receives_traffic": is_routable(machine), "boots": machine.boots}
        for machine in app.machines.values()
        if not world.is_forgotten(machine)
    ]
    return {
        "app": show_app(app),
        "machines": machines,
        "volumes": [show_volume(world, volume) for volume in app.volumes.values()],
        "releases": [show_release(world, release) for release in app.releases],
    }


def show_traffic(
    app: App, *, group: str | None = None, port: int | None = None, within: float = 0.0
) -> dict[str, Any]:
    """Which machines would receive a request, now and at every moment so far; and which machines ended less than `within` seconds after they could
    last have got one."""
    cuts = list_cuts(app, since=0.0, within=within)
    members = {machine.id for machine in app.machines.values() if group is None or machine.group == group}
    return {
        "now": [machine.id for machine in list_routable(app, port=port)],
        "changes": [{"at": c.at, "machines": list(c.machines)} for c in list_changes(app, group=group)],
        "cuts": [{"at": cut.at, "machine": cut.machine} for cut in cuts if cut.machine in members],
    }


def make_routes(simulator: Simulator) -> list[Route]:
    """The routes under /_sim, and the page."""

    async def fleet(_request: Request) -> Response:
        simulator.look()
        return JSONResponse(dump_fleet(simulator))

    async def journal(request: Request) -> Response:
        simulator.look()
        since = request.query_params.get("since", "0")
        return JSONResponse(simulator.journal.to_json(since=int(since) if since.isdigit() else 0))

    async def traffic(request: Request) -> Response:
        simulator.look()
        app = simulator.world.apps.get(
            request.query_params.get("app") or next(iter(simulator.world.apps), "")
        )
        if app is None:
            return JSONResponse({"error": "app not found"}, status_code=404)
        asked = request.query_params
        port, within = asked.get("port", ""), asked.get("within", "0")
        found = show_traffic(
            app,
            group=asked.get("group"),
            port=int(port) if port.isdigit() else None,
            within=float(within) if within.replace(".", "", 1).isdigit() else 0.0,
        )
        return JSONResponse(found)

    async def do(request: Request) -> Response:
        simulator.look()
        try:
            words = await request.json()
            return JSONResponse({"ok": True, "concerned": perform(simulator.world, words)})
        except Refusal as refusal:
            reply = refuse(refusal, switches=Switches())
            return JSONResponse(reply.body, status_code=reply.status)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            simulator.rules.clear()
            return JSONResponse({"ok": True})
        try:
            simulator.rules.append(Rule(**await request.json()))
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"ok": True, "rules": len(simulator.rules)})

    async def contract(_request: Request) -> Response:
        return JSONResponse({"violations": simulator.violations})

    async def rows(request: Request) -> Response:
        since, known = (request.query_params.get(name, "") for name in ("since", "known"))
        if known.isdigit():
            await simulator.watch(known=int(known), seconds=_HELD)
        simulator.look()
        return JSONResponse(list_rows(simulator, since=int(since) if since.isdigit() else 0))

    return [
        *make_page_routes(),
        Route("/_sim/rows", rows, methods=["GET"]),
        Route("/_sim/fleet", fleet, methods=["GET"]),
        Route("/_sim/journal", journal, methods=["GET"]),
        Route("/_sim/traffic", traffic, methods=["GET"]),
        Route("/_sim/do", do, methods=["POST"]),
        Route("/_sim/contract", contract, methods=["GET"]),
        Route("/_sim/faults", faults, methods=["POST", "DELETE"]),
    ]
