"""The ASGI application: who asks, faults, journal, OpenAPI, then the operation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulator_github.control import control_routes
from tests.simulator_github.faults import Fault, Faults
from tests.simulator_github.journal import Entry, Journal
from tests.simulator_github.openapi import HOST, Exchange
from tests.simulator_github.rest import GRAPHQL, OPERATIONS, Answer, Call, Operation
from tests.simulator_github.shapes import Shapes
from tests.simulator_github.world import Token, Trouble, World

LEVELS = {"none": 0, "read": 1, "write": 2}
VERSIONS = ("2022-11-28", "2026-03-10")
REPOSITORY_NUMBER = 500


class Simulator:
    """A world, its journal and the faults on order; `app` speaks for them.

    The REST API lives at `/` as on api.github.com and at `/api/v3` as on GitHub Enterprise Server.
    """

    def __init__(self, world: World | None = None) -> None:
        self.reset(world)
        routes = []
        for prefix in ("", "/api/v3"):
            for operation in OPERATIONS:
                routes.append(self._route(operation, prefix, operation.path))
                if operation.path.startswith("/repos/"):
                    by_number = operation.path.replace(
                        "/repos/{owner}/{repo}", "/repositories/{repository:int}"
                    )
                    routes.append(self._route(operation, prefix, by_number))
        routes += [self._route(GRAPHQL, prefix, "/graphql") for prefix in ("", "/api")]
        unknown = Route("/{anything:path}", self._unknown, methods=["GET", "POST", "PATCH", "PUT", "DELETE"])
        self.app = Starlette(routes=[*routes, *control_routes(self), unknown])

    def reset(self, world: World | None = None) -> None:
        """Start over with another world: no journal, no faults."""
        self.world = world or World()
        self.journal = Journal()
        self.faults = Faults()

    def _route(self, operation: Operation, prefix: str, path: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._exchange(operation, prefix, request)

        return Route(prefix + path, endpoint, methods=[operation.method])

    async def _unknown(self, request: Request) -> Response:
        entry = await self._entry("unknown", request, "", self._token(request))
        entry.status, entry.violations = 404, ["this simulator has no such operation"]
        self.journal.append(entry)
        return _written(
            404,
            {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"},
        )

    async def _exchange(self, operation: Operation, prefix: str, request: Request) -> Response:
        token = self._token(request)
        entry = await self._entry(operation.name, request, prefix, token)
        self.journal.append(entry)
        exchange = await self._openapi(operation, request, entry)
        fault = self.faults.strike(operation.name)
        entry.fault = fault is not None
        if fault and fault.delay:
            await anyio.sleep(fault.delay)
        answer = Answer(status=500, document={"message": "spoilt"})
        if fault and fault.late is not None:
            later = partial(self._perform, operation, prefix, request, token, entry)
            asyncio.get_running_loop().call_later(fault.late, later)
        if fault is None or fault.commit or not (fault.drop or fault.status):
            answer = self._perform(operation, prefix, request, token, entry)
            if exchange:
                entry.violations += _check_answer(exchange, answer)
            if entry.api_version == VERSIONS[1]:
                _remove_fields(answer)  # after the check: the document describes the older version
        return await _spoil(fault, answer, request, entry) if fault else _sent(answer, entry)

    def _perform(
        self, operation: Operation, prefix: str, request: Request, token: Token | None, entry: Entry
    ) -> Answer:
        base = f"{request.url.scheme}://{request.headers['host']}{prefix if operation is not GRAPHQL else ''}"
        path = dict(request.path_params)
        try:
            self._admit(operation, request, token, path)
            owner_path = request.url.path.removeprefix(prefix).split("/")[4:]
            numbered = "/".join((f"{base}/repositories/{REPOSITORY_NUMBER}", *owner_path))
            answer = operation.run(
                Call(
                    world=self.world,
                    shapes=Shapes(self.world, base),
                    token=token,
                    path=path,
                    query=dict(request.query_params),
                    body=entry.body,
                    url=numbered if "owner" in path else f"{base}{request.url.path.removeprefix(prefix)}",
                )
            )
        except Trouble as trouble:
            return Answer(status=trouble.status, document=trouble.document)
        return answer

    def _admit(
        self, operation: Operation, request: Request, token: Token | None, path: dict[str, Any]
    ) -> None:
        """API version, bad credentials, then what the token may see, then what it may do."""
        version = request.headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            raise Trouble(400, f'"{version}" is not a supported version.')
        if request.headers.get("authorization") and token is None:
            raise Trouble(401, "Bad credentials")
        known = f"{path.get('owner')}/{path.get('repo')}".lower() == self.world.repository.lower()
        if ("owner" in path and not known) or path.get("repository", REPOSITORY_NUMBER) != REPOSITORY_NUMBER:
            raise Trouble(404, "Not Found")
        scope, level = operation.needs
        if token is None:
            if level == "write":
                raise Trouble(401, "Requires authentication")
            if self.world.private and operation is not GRAPHQL:
                raise Trouble(404, "Not Found")
            return
        open_to_all = level == "read" and not self.world.private
        if not open_to_all and LEVELS[token.permissions.get(scope, "none")] < LEVELS[level]:
            raise Trouble(403, "Resource not accessible by integration")

    def _token(self, request: Request) -> Token | None:
        _, _, value = request.headers.get("authorization", "").partition(" ")
        return self.world.tokens.get(value)

    async def _entry(self, name: str, request: Request, prefix: str, token: Token | None) -> Entry:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw.decode("utf-8", "replace")
        return Entry(
            operation=name,
            method=request.method,
            path=request.url.path.removeprefix(prefix),
            query=request.url.query,
            login=token.login if token else None,
            agent=request.headers.get("user-agent", ""),
            api_version=request.headers.get("x-github-api-version", ""),
            body=body,
        )

    async def _openapi(self, operation: Operation, request: Request, entry: Entry) -> Exchange | None:
        """GraphQL has no place in the OpenAPI document; its schema is checked when it runs."""
        if operation is GRAPHQL:
            return None
        path = entry.path.replace(f"/repositories/{REPOSITORY_NUMBER}", f"/repos/{self.world.repository}")
        exchange = Exchange(
            method=entry.method,
            path=path,
            query=dict(parse_qsl(entry.query)),
            body=await request.body(),
            content_type=request.headers.get("content-type", ""),
        )
        entry.violations += exchange.request_violations()
        if not entry.agent:
            entry.violations.append(f"{HOST} requires a User-Agent")
        return exchange


def _check_answer(exchange: Exchange, answer: Answer) -> list[str]:
    """Statuses that GitHub gives everywhere (401, 403, 404, 400) are not listed for every operation."""
    if answer.status in (400, 401, 403, 404):
        return []
    body = b"" if answer.document is None else json.dumps(answer.document).encode()
    content_type = "" if answer.document is None else "application/json"
    return exchange.response_violations(status=answer.status, body=body, content_type=content_type)


def _remove_fields(answer: Answer) -> None:
    """API version 2026-03-10 took merge_commit_sha and assignee off pull requests."""
    items = answer.document if isinstance(answer.document, list) else [answer.document]
    for item in items:
        if isinstance(item, dict) and "merge_commit_sha" in item:
            del item["merge_commit_sha"], item["assignee"]


def _sent(answer: Answer, entry: Entry) -> Response:
    entry.status = answer.status
    return _written(answer.status, answer.document, dict(answer.headers or {}))


def _written(status: int, document: Any, headers: dict[str, str] | None = None) -> Response:
    content = (
        b"" if document is None else json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    media_type = None if document is None else "application/json; charset=utf-8"
    return Response(
        content,
        status_code=status,
        headers={"x-github-request-id": "SIM:1", **(headers or {})},
        media_type=media_type,
    )


async def _spoil(fault: Fault, answer: Answer, request: Request, entry: Entry) -> Response:
    if fault.drop:
        await _cut(request.receive)
        return Response(status_code=500)
    if fault.status is None and fault.text is None:
        return _sent(replace(answer, headers={**(answer.headers or {}), **fault.headers}), entry)
    entry.status = fault.status or answer.status
    if fault.text is not None:
        return Response(
            fault.text, status_code=entry.status, headers=fault.headers, media_type="application/json"
        )
    document = {"message": "Server Error"} if fault.document is None else fault.document
    return _written(entry.status, document, fault.headers)


async def _cut(receive: Callable[[], Awaitable[Any]]) -> None:
    """Reset the connection: uvicorn's request cycle, whose method `receive` is, holds the transport."""
    cycle: Any = getattr(receive, "__self__", None)
    if cycle is None or not hasattr(cycle, "transport"):
        raise RuntimeError("a connection can be cut only where uvicorn serves the simulator over a socket")
    cycle.transport.abort()
    await anyio.sleep(0.01)
