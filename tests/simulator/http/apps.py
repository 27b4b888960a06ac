"""Apps and their addresses."""

from __future__ import annotations

import re

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.paging import page_of
from tests.simulator.http.reply import Reply
from tests.simulator.http.wire import show_app, show_time
from tests.simulator.state.lifecycle import destroy
from tests.simulator.state.model import App
from tests.simulator.state.refusals import Code, Refusal, invalid, not_found

_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
_KINDS = {"v4", "v6", "shared_v4", "private_v6", "egress_v4", "egress_v6", "egress_v4_v6"}


def create(call: Call) -> Reply:
    """A new app; the same key and name again is the same app."""
    body = call.object()
    name, organization, key = (
        body.get("name") or body.get("app_name"),
        body.get("org_slug"),
        body.get("idempotency_key"),
    )
    if (
        not isinstance(name, str)
        or not _NAME.match(name)
        or not isinstance(organization, str)
        or not organization
    ):
        raise invalid("app name and org_slug are required")
    if not isinstance(key, str | None):
        raise invalid("invalid idempotency_key")
    world = call.world
    for other in world.apps.values():
        if key and other.idempotency_key == key and other.name != name:
            raise invalid("idempotency_key was used for another app")
    known = world.apps.get(name)
    if known is not None and not (key and known.idempotency_key == key):
        raise Refusal(
            Code.UNPROCESSABLE, "Validation failed: Name has already been taken", status="name_taken"
        )
    if known is None:
        known = App(
            name=name,
            number=1000 + world.count(),
            organization=organization,
            created_at=world.now,
            idempotency_key=key,
        )
        world.apps[name] = known
    created = int((world.epoch + known.created_at) * 1000)
    return Reply(status=201, body={"id": known.name, "created_at": created})


def get(call: Call) -> Reply:
    """One app."""
    return Reply(body=show_app(call.app))


def list_apps(call: Call) -> Reply:
    """The apps of an organization that the token opens."""
    organization = call.get("org_slug")
    if not organization:
        raise invalid("org_slug is required")
    found = [
        app
        for app in call.world.apps.values()
        if app.organization == organization and (call.token.apps is None or app.name in call.token.apps)
    ]
    page = page_of(call, found, key=lambda app: app.name, size=call.get("limit"))
    body = {"total_apps": len(found), "apps": [show_app(app) for app in page.items]}
    return Reply(body=body | ({"next_cursor": page.cursor} if page.cursor else {}))


def delete(call: Call) -> Reply:
    """Delete the app with all its machines."""
    app = call.app
    for machine in app.machines.values():
        if machine.state not in {"destroyed", "destroying"}:
            destroy(call.world, machine, source="user")
    del call.world.apps[app.name]
    for machine in app.machines.values():
        call.world.timers.forget(machine.id)
    return Reply(status=202)


def make_deploy_token(call: Call) -> Reply:
    """A token for this app; where tokens are scripted, it is added to them."""
    from tests.simulator.http.tokens import Token

    app = call.app
    text = "fm2_" + call.world.dice.bits("token", call.world.count()).hex()
    tokens = call.simulator.tokens
    if tokens.known:
        tokens.known.append(Token(text=text, apps=(app.name,)))
    return Reply(body={"token": f"FlyV1 {text}"})


def list_addresses(call: Call) -> Reply:
    """The app's addresses."""
    return Reply(body={"ips": call.app.addresses})


def assign_address(call: Call) -> Reply:
    """One more address; a shared one is there only once."""
    app, body = call.app, call.object()
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise invalid("invalid ip type")
    if not all(isinstance(body.get(key), str | None) for key in ("region", "service_name")):
        raise invalid("invalid region or service_name")
    network = body.get("network") or ""
    if not isinstance(network, str):
        raise invalid("invalid network")
    if network not in {"", app.network}:
        raise Refusal(Code.INVALID_ARGUMENT, "network not found")
    shared = kind == "shared_v4"
    for known in app.addresses:
        if shared and known["shared"]:
            return Reply(body=known)
    number = len(app.addresses) + 1
    ip = (
        f"2a09:8280:1::{app.number:x}:{number}"
        if "v6" in str(kind)
        else f"66.241.{app.number % 256}.{number}"
    )
    address = {
        "ip": ip,
        "region": body.get("region") or "global",
        "shared": shared,
        "created_at": show_time(call.world, call.world.now),
        "service_name": body.get("service_name") or "",
        "network": {"name": network, "org_slug": app.organization} if kind == "private_v6" else None,
    }
    app.addresses.append(address)
    return Reply(body=address)


def drop_address(call: Call) -> Reply:
    """Release the address."""
    app = call.app
    left = [known for known in app.addresses if known["ip"] != call.path["ip"]]
    if len(left) == len(app.addresses):
        raise not_found("ip not found")
    app.addresses = left
    return Reply(status=204)


ENDPOINTS = (
    Endpoint(method="GET", path="/v1/apps", operation="app_list", handle=list_apps),
    Endpoint(method="POST", path="/v1/apps", operation="app_create", handle=create),
    Endpoint(method="GET", path="/v1/apps/{app}", operation="app_get", handle=get),
    Endpoint(method="DELETE", path="/v1/apps/{app}", operation="app_delete", handle=delete),
    Endpoint(
        method="POST", path="/v1/apps/{app}/deploy_token", operation="app_token", handle=make_deploy_token
    ),
    Endpoint(method="GET", path="/v1/apps/{app}/ip_assignments", operation="ip_list", handle=list_addresses),
    Endpoint(
        method="POST", path="/v1/apps/{app}/ip_assignments", operation="ip_assign", handle=assign_address
    ),
    Endpoint(
        method="DELETE", path="/v1/apps/{app}/ip_assignments/{ip}", operation="ip_drop", handle=drop_address
    ),
)
