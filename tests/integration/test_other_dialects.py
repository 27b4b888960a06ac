"""The whole product against servers that speak the Machines API otherwise than Fly's simulator does, but within what clients may meet.

test_other_servers.py has the manners of machines; here are those of HTTP and of JSON. Each dialect is laid over the simulator's answers: what is absent, null, empty, flat or unknown in it must not change a rollout.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.rollout.leases import TTL
from tests.bench import IMAGE, make_bench, virtual

Speak = Callable[[httpx.Request, int, Any], tuple[int, Any]]
"""(request, status, body) → (status, body) as this server has it; a body of None is none at all."""


def is_machine(body: Any) -> bool:
    return isinstance(body, dict) and "config" in body and "state" in body


def machines(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Speak:
    """Machines changed wherever they stand in an answer."""

    def speak(_request: httpx.Request, status: int, body: Any) -> tuple[int, Any]:
        if isinstance(body, list):
            return status, [change(row) if is_machine(row) else row for row in body]
        return status, change(body) if is_machine(body) else body

    return speak


def without(*names: str) -> Speak:
    return machines(lambda row: {key: value for key, value in row.items() if key not in names})


def at(method: str, end: str, speak: Speak) -> Speak:
    """Only for this method, and for paths that end so."""

    def only(request: httpx.Request, status: int, body: Any) -> tuple[int, Any]:
        fits = request.method == method and request.url.path.endswith(end)
        return speak(request, status, body) if fits else (status, body)

    return only


def of_one_machine(request: httpx.Request) -> bool:
    return request.url.path.count("/") == 5 and "/machines/" in request.url.path


def old_version_name(request: httpx.Request, status: int, body: Any) -> tuple[int, Any]:
    return (400, {"error": "instance_id is required"}) if "version" in request.url.params else (status, body)


def accepted(request: httpx.Request, status: int, body: Any) -> tuple[int, Any]:
    return (202 if request.method == "POST" and status in (200, 201) else status), body


def nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {key: (value or None) for key, value in row.items()}


def dies(_request: httpx.Request, _status: int, _body: Any) -> tuple[int, Any]:
    return 404, None


def silent(_request: httpx.Request, status: int, _body: Any) -> tuple[int, Any]:
    return (200 if status < 300 else status), None


def quiet_update(request: httpx.Request, status: int, body: Any) -> tuple[int, Any]:
    quiet = request.method == "POST" and of_one_machine(request) and status == 200
    return (status, {"ok": True}) if quiet else (status, body)


def no_words(_request: httpx.Request, status: int, body: Any) -> tuple[int, Any]:
    return status, None if status >= 400 else body


DIALECTS: dict[str, list[Speak]] = {
    "version instead of instance_id": [without("instance_id")],
    "a machine says only what it must": [
        without("created_at", "updated_at", "private_ip", "host_status", "cordoned", "image_ref", "nonce")
    ],
    "nulls for what is empty": [machines(nulls)],
    "202 for every write": [accepted],
    "no bodies where none is needed": [at("POST", e, silent) for e in ("/start", "/stop")] + [at("DELETE", "", silent)],
    "an update that says ok": [quiet_update],
    "a wait that knows instance_id": [at("GET", "/wait", old_version_name)],
    "a wait that says nothing": [at("GET", "/wait", silent)],
    "lists in objects": [at("GET", "/machines", lambda _r, s, b: (s, {"machines": b} if s == 200 else b))],
    "no volumes": [at("GET", "/volumes", dies)],
    "no app": [at("GET", "/acme-shop", dies)],
    "errors without words": [no_words],
    "rows without configs": [at("GET", "/machines", lambda _r, s, b: (s, [{"id": row["id"]} for row in b] if s == 200 else b))],
}  # fmt: skip


class Dialect(httpx.AsyncBaseTransport):
    """Headers but the content type never pass: no request id, no cookie, no cursor."""

    def __init__(self, inner: httpx.AsyncBaseTransport, speaks: list[Speak]) -> None:
        self._inner = inner
        self._speaks = speaks

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        if request.url.path.startswith("/v2/"):
            return httpx.Response(
                response.status_code, headers=response.headers, stream=httpx.ByteStream(content)
            )
        status, body = response.status_code, json.loads(content) if content else None
        for speak in self._speaks:
            status, body = speak(request, status, body)
        stream = httpx.ByteStream(b"" if body is None else json.dumps(body).encode())
        return httpx.Response(status, stream=stream, request=request)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda name: name.replace(" ", "-"))
def test_the_rollout_is_the_same_in_every_dialect(dialect: str) -> None:
    bench = make_bench()
    bench.network = lambda inner: Dialect(inner, DIALECTS[dialect])

    async def story() -> tuple[Any, Any]:
        results = await bench.plan(), await bench.deploy()
        await anyio.sleep(TTL)  # a lease whose nonce was never told
        bench.sim.look()
        return results

    planned, deployed = virtual(story)
    assert planned.exit_code is ExitCode.DONE, bench.console.log
    assert deployed.exit_code is ExitCode.DONE, (bench.console.log, bench.console.shown)
    assert deployed.outputs["result"] == "deployed"
    groups = bench.groups()
    assert {g: len(found) for g, found in groups.items()} == {"cron": 1, "mailer": 2, "web": 3, "worker": 2}
    assert all(m.config["image"].startswith(IMAGE) for found in groups.values() for m in found)
    assert bench.leases() == []
    written = [w for w in bench.writes() if w.startswith("machine_update")]
    assert len(written) == len(set(written)) == 6
