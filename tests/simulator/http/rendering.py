"""A reply as an HTTP response, with the headers that every answer of Fly carries."""

from __future__ import annotations

import json

from starlette.responses import Response

from tests.simulator.http.call import Call
from tests.simulator.http.reply import Reply

COOKIE = "fly_flaps_affinity"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def render(call: Call, reply: Reply, *, number: int, request_id: str) -> Response:
    """The response, and after a write the cookie that leads to the node that has it."""
    world = call.world
    headers = {"fly-request-id": request_id, "server": "Fly/simulator", **reply.headers}
    if reply.body is None:
        response = Response(status_code=reply.status, headers=headers)
    elif isinstance(reply.body, bytes):
        response = Response(content=reply.body, status_code=reply.status, headers=headers)
    else:
        content = json.dumps(reply.body, separators=(",", ":")).encode()
        response = Response(
            content=content, status_code=reply.status, headers=headers, media_type="application/json"
        )
    app = call.path.get("app") or (call.body.get("name") if isinstance(call.body, dict) else None)
    if call.method in _WRITES and reply.status < 300 and isinstance(app, str) and app in world.apps:
        response.set_cookie(COOKIE, f"node-{number}", path=f"/v1/apps/{app}")
    return response
