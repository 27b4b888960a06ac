"""Leases over HTTP: 201 for acquiring and refreshing, 200 for reading and releasing."""

from __future__ import annotations

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.http.wire import show_lease
from tests.simulator.state.leases import acquire, find_lease, release
from tests.simulator.state.refusals import Code, Refusal, Shape

_PATH = "/v1/apps/{app}/machines/{machine}/lease"


def take(call: Call) -> Reply:
    """Acquire the lease; with its nonce, refresh it. The ttl comes in the body or in the query."""
    body, machine = call.object(), call.machine
    ttl = body.get("ttl") if body.get("ttl") is not None else call.get("ttl")
    words = str(body.get("description") or call.get("description") or "")
    lease = acquire(call.world, machine, nonce=call.nonce, ttl=ttl, owner=call.token.owner, description=words)
    return Reply(status=201, body=show_lease(call.world, machine, lease))


def look(call: Call) -> Reply:
    """Who holds the lease. The answer includes the nonce."""
    machine = call.machine
    lease = find_lease(call.world, machine)
    if lease is None:
        raise Refusal(Code.NOT_FOUND, "lease not found", shape=Shape.MESSAGE)
    return Reply(body=show_lease(call.world, machine, lease))


def give_back(call: Call) -> Reply:
    """Release the lease."""
    release(call.world, call.machine, nonce=call.nonce)
    return Reply(body={"status": "success", "data": {"ok": True}})


ENDPOINTS = (
    Endpoint(method="POST", path=_PATH, operation="lease_acquire", handle=take),
    Endpoint(method="GET", path=_PATH, operation="lease_get", handle=look),
    Endpoint(method="DELETE", path=_PATH, operation="lease_release", handle=give_back),
)
