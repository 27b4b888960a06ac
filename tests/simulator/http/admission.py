"""The checks before every endpoint: token, app, rights, rate limit."""

from __future__ import annotations

from tests.simulator.http.bodies import UNREADABLE
from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.tokens import check_app, check_write
from tests.simulator.state.refusals import invalid


def admit(call: Call, endpoint: Endpoint) -> None:
    """Let the request through, or refuse: 401, 404 for the app, 403, 429, 400, in this order."""
    if endpoint.open:
        return
    simulator = call.simulator
    call.token = simulator.tokens.identify(call.headers.get("authorization"), now=call.world.now)
    if "app" in call.path:
        call.world.app(call.path["app"])
        check_app(call.token, call.path["app"])
    if endpoint.needs_write:
        check_write(call.token)
    if endpoint.limited:
        key = call.path.get("machine") or call.path.get("app") or call.path.get("org") or call.token.owner
        simulator.limiter.take(endpoint.operation, key, now=call.world.now)
    if call.body is UNREADABLE:
        raise invalid("invalid json body")
