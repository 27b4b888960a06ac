"""What belongs to no app: regions, placements, the token itself, machines and volumes of an organization."""

from __future__ import annotations

from typing import Any

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.paging import page_of
from tests.simulator.http.reply import Reply
from tests.simulator.http.tokens import may
from tests.simulator.http.wire import show_machine, show_volume
from tests.simulator.state.model import Machine
from tests.simulator.state.placement import MOST, read_regions, room_in
from tests.simulator.state.refusals import Code, Refusal, invalid
from tests.simulator.state.world import NEAREST, REGIONS


def list_regions(call: Call) -> Reply:
    """All regions."""
    rows = [
        {
            "code": code,
            "name": code.upper(),
            "latitude": 0.0,
            "longitude": 0.0,
            "gateway_available": True,
            "requires_paid_plan": False,
            "deprecated": False,
            "geo_region": "",
        }
        for code in REGIONS
    ]
    return Reply(body={"regions": rows, "nearest": NEAREST})


def find_placements(call: Call) -> Reply:
    """How many of `count` machines would find a place, region by region in the order asked for; 0 asks how many would at most."""
    body = call.object()
    wish, count = body.get("region") or "any", body.get("count") or 0
    if not isinstance(wish, str) or not isinstance(count, int) or not body.get("org_slug"):
        raise invalid("org_slug is required")
    rows = []
    left = count or MOST
    for code in read_regions(wish):
        here = min(left, room_in(call.world, code, organization=str(body["org_slug"])))
        if here:
            rows.append({"region": code, "count": here, "concurrency": 1})
            left -= here if count else 0
    return Reply(body={"regions": rows})


def show_token(call: Call) -> Reply:
    """What the caller's token is for."""
    token = call.token
    apps = list(call.world.apps) if token.apps is None else list(token.apps)
    shown = {
        "token_id": token.owner,
        "organization": token.organization,
        "org_slug": token.organization,
        "apps": apps,
    }
    return Reply(body={"tokens": [shown]})


def authorize_token(call: Call) -> Reply:
    """Whether the token in the body may do what is asked, and its caveats: what a client of Fly's own sends and reads
    (superfly/macaroon flyio/machinesapi)."""
    body = call.object()
    access = body.get("access")
    if not isinstance(access, dict) or not isinstance(body.get("header"), str):
        raise invalid("header and access are required")
    token = call.simulator.tokens.identify(_with_scheme(body["header"]), now=call.world.now)
    name, action = access.get("app_name"), access.get("action", "")
    if isinstance(name, str):
        call.world.app(name)
    if not isinstance(action, str) or not may(token, name, action=action):
        raise Refusal(Code.PERMISSION_DENIED, "unauthorized")
    caveats: list[dict[str, Any]] = [{"type": "Organization", "body": {"id": 1, "mask": "*"}}]
    if token.expires_at is not None:
        window = {"not_before": 0, "not_after": int(call.world.epoch + token.expires_at)}
        caveats.append({"type": "ValidityWindow", "body": window})
    return Reply(body={"verified_token": {"caveats": caveats}})


def _with_scheme(header: str) -> str:
    return header if header.lower().startswith(("flyv1", "bearer")) else f"FlyV1 {header}"


def list_org_machines(call: Call) -> Reply:
    """Machines of all apps of an organization, longest unchanged first."""
    found = [
        machine
        for app in call.world.apps.values()
        if app.organization == call.path["org"] and (call.token.apps is None or app.name in call.token.apps)
        for machine in app.machines.values()
        if not call.world.is_forgotten(machine)
        and (machine.state != "destroyed" or call.is_set("include_deleted"))
        and machine.region in (call.get("region") or machine.region).split(",")
        and machine.state in (call.get("state") or machine.state).split(",")
    ]
    found.sort(key=lambda machine: machine.updated_at)
    page = page_of(call, found, key=lambda machine: machine.id, size=call.get("limit"))
    shown = [_show(call, machine) for machine in page.items]
    body: dict[str, Any] = {"machines": shown, "error_regions": []}
    if shown:
        body |= {"last_machine_id": shown[-1]["id"], "last_updated_at": shown[-1]["updated_at"]}
    return Reply(body=body | ({"next_cursor": page.cursor} if page.cursor else {}))


def _show(call: Call, machine: Machine) -> dict[str, Any]:
    full = show_machine(call.world, machine, summary=call.is_set("summary"))
    keys = (
        "id",
        "name",
        "state",
        "region",
        "instance_id",
        "version",
        "private_ip",
        "created_at",
        "updated_at",
        "config",
        "host_status",
    )
    return {key: full[key] for key in keys if key in full} | {"app_name": machine.app}


def list_org_volumes(call: Call) -> Reply:
    """Volumes of all apps of an organization."""
    found = [
        volume
        for app in call.world.apps.values()
        if app.organization == call.path["org"] and (call.token.apps is None or app.name in call.token.apps)
        for volume in app.volumes.values()
    ]
    page = page_of(call, found, key=lambda volume: volume.id, size=call.get("limit"))
    keys = ("id", "name", "state", "region", "zone", "size_gb", "created_at", "attached_machine_id")
    shown = [{k: v for k, v in show_volume(call.world, volume).items() if k in keys} for volume in page.items]
    body: dict[str, Any] = {"volumes": shown, "error_regions": []}
    return Reply(body=body | ({"next_cursor": page.cursor} if page.cursor else {}))


ENDPOINTS = (
    Endpoint(method="GET", path="/v1/platform/regions", operation="region_list", handle=list_regions),
    Endpoint(
        method="POST",
        path="/v1/platform/placements",
        operation="placement_find",
        handle=find_placements,
        writes=False,
    ),
    Endpoint(method="GET", path="/v1/tokens/current", operation="token_current", handle=show_token),
    Endpoint(
        method="POST",
        path="/v1/tokens/authorize",
        operation="token_authorize",
        handle=authorize_token,
        writes=False,
    ),
    Endpoint(
        method="GET", path="/v1/orgs/{org}/machines", operation="org_machine_list", handle=list_org_machines
    ),
    Endpoint(
        method="GET", path="/v1/orgs/{org}/volumes", operation="org_volume_list", handle=list_org_volumes
    ),
)
