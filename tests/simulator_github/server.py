"""The ASGI application: who asks, faults, journal, OpenAPI, then the operation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from tests.simulator_github.calls import Answer, Call, Operation
from tests.simulator_github.control import control_routes
from tests.simulator_github.faults import Fault, Faults
from tests.simulator_github.hooks import Hooks
from tests.simulator_github.journal import Entry, Journal
from tests.simulator_github.openapi import HOST, Exchange
from tests.simulator_github.rest import GRAPHQL, OPERATIONS
from tests.simulator_github.shapes_git import GitShapes
from tests.simulator_github.wire import (
    Asked,
    Reply,
    check_answer,
    cut,
    read_request,
    remove_fields,
    response,
    sent,
    spoil,
    written,
)
from tests.simulator_github.world import Token, Trouble, World

LEVELS = {"none": 0, "read": 1, "write": 2}
VERSIONS = ("2022-11-28", "2026-03-10")
REPOSITORY_NUMBER = 500


class Simulator:
    """A world, its journal and the faults on order; `app` speaks for them.

    The REST API lives at `/` as on api.github.com and at `/api/v3` as on GitHub Enterprise Server.
    """

    def __init__(self, world: World | None = None, *, checks: bool = True) -> None:
        """`checks` holds every exchange against the OpenAPI document, which is most of the time it takes."""
        self.checks = checks
        self.reset(world)
        self._operations: list[tuple[Route, Operation, str]] = []
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
        """Start over with another world: no journal, no faults, no hooks."""
        self.world = world or World()
        self.journal = Journal()
        self.faults = Faults()
        self.hooks = Hooks()
        self._late: list[Callable[[], object]] = []

    def _route(self, operation: Operation, prefix: str, path: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._serve(operation, prefix, request)

        route = Route(prefix + path, endpoint, methods=[operation.method])
        self._operations.append((route, operation, prefix))
        return route

    async def _unknown(self, request: Request) -> Response:
        return response(self._refuse_unknown(await read_request(request)))

    async def _serve(self, operation: Operation, prefix: str, request: Request) -> Response:
        asked = await read_request(request)
        entry, exchange, fault = self._begin(operation, prefix, asked)
        if fault and fault.delay:
            await anyio.sleep(fault.delay)
        if fault and fault.late is not None:
            later = partial(self._perform, operation, prefix, asked, entry)
            asyncio.get_running_loop().call_later(fault.late, later)
        reply = self._end(operation, prefix, asked, entry, exchange, fault)
        if reply is None:
            await cut(request.receive)
            return Response(status_code=500)
        return response(reply)

    def ask(self, asked: Asked) -> Reply | None:
        """One request without a server, a socket or a clock; None: the connection was cut.

        A fault's delay takes no time here, and what it does late is done before the next request.
        """
        for perform in self._late:
            perform()
        self._late.clear()
        for route, operation, prefix in self._operations:
            match, scope = route.matches({"type": "http", "method": asked.method, "path": asked.path})
            if match is Match.FULL:
                asked = replace(asked, params=scope["path_params"])
                entry, exchange, fault = self._begin(operation, prefix, asked)
                if fault and fault.late is not None:
                    self._late.append(partial(self._perform, operation, prefix, asked, entry))
                return self._end(operation, prefix, asked, entry, exchange, fault)
        return self._refuse_unknown(asked)

    def _refuse_unknown(self, asked: Asked) -> Reply:
        entry = self._entry("unknown", asked, "")
        entry.status, entry.violations = 404, ["this simulator has no such operation"]
        self.journal.append(entry)
        document = {
            "message": "Not Found",
            "documentation_url": "https://docs.github.com/rest",
            "status": "404",
        }
        return written(404, document)

    def _begin(
        self, operation: Operation, prefix: str, asked: Asked
    ) -> tuple[Entry, Exchange | None, Fault | None]:
        """Journal it, check it against the document, and look up its fault."""
        self.hooks.run(operation.name)
        entry = self._entry(operation.name, asked, prefix)
        self.journal.append(entry)
        exchange = self._openapi(operation, asked, entry)
        fault = self.faults.strike(operation.name)
        entry.fault = fault is not None
        return entry, exchange, fault

    def _end(
        self,
        operation: Operation,
        prefix: str,
        asked: Asked,
        entry: Entry,
        exchange: Exchange | None,
        fault: Fault | None,
    ) -> Reply | None:
        """Do it unless a fault keeps it from being done; the answer, or what the fault makes of it."""
        answer = Answer(status=500, document={"message": "spoilt"})
        if fault is None or fault.commit or not (fault.drop or fault.status):
            answer = self._perform(operation, prefix, asked, entry)
            if exchange:
                entry.violations += check_answer(exchange, answer)
            if entry.api_version == VERSIONS[1]:
                remove_fields(answer)  # after the check: the document describes the older version
        return spoil(fault, answer, entry) if fault else sent(answer, entry)

    def _perform(self, operation: Operation, prefix: str, asked: Asked, entry: Entry) -> Answer:
        base = f"{asked.site}{prefix if operation is not GRAPHQL else ''}"
        path = dict(asked.params)
        try:
            token = self._token(asked)
            self._admit(operation, asked, token, path)
            owner_path = asked.path.removeprefix(prefix).split("/")[4:]
            numbered = "/".join((f"{base}/repositories/{REPOSITORY_NUMBER}", *owner_path))
            return operation.run(
                Call(
                    world=self.world,
                    shapes=GitShapes(self.world, base),
                    token=token,
                    path=path,
                    query=dict(parse_qsl(asked.query, keep_blank_values=True)),
                    body=entry.body,
                    url=numbered if "owner" in path else f"{base}{asked.path.removeprefix(prefix)}",
                )
            )
        except Trouble as trouble:
            return Answer(status=trouble.status, document=trouble.document)

    def _admit(self, operation: Operation, asked: Asked, token: Token | None, path: dict[str, Any]) -> None:
        """API version, bad credentials, then what the token may see, then what it may do."""
        version = asked.headers.get("x-github-api-version", VERSIONS[0])
        if version not in VERSIONS:
            raise Trouble(400, f'"{version}" is not a supported version.')
        if asked.headers.get("authorization") and token is None:
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

    def _token(self, asked: Asked) -> Token | None:
        _, _, value = asked.headers.get("authorization", "").partition(" ")
        return self.world.tokens.get(value)

    def _entry(self, name: str, asked: Asked, prefix: str) -> Entry:
        try:
            body = json.loads(asked.body) if asked.body else None
        except ValueError:
            body = asked.body.decode("utf-8", "replace")
        token = self._token(asked)
        return Entry(
            operation=name,
            method=asked.method,
            path=asked.path.removeprefix(prefix),
            query=asked.query,
            login=token.login if token else None,
            agent=asked.headers.get("user-agent", ""),
            api_version=asked.headers.get("x-github-api-version", ""),
            body=body,
        )

    def _openapi(self, operation: Operation, asked: Asked, entry: Entry) -> Exchange | None:
        """GraphQL has no place in the OpenAPI document; its schema is checked when it runs."""
        if operation is GRAPHQL or not self.checks:
            return None
        path = entry.path.replace(f"/repositories/{REPOSITORY_NUMBER}", f"/repos/{self.world.repository}")
        exchange = Exchange(
            method=entry.method,
            path=path,
            query=dict(parse_qsl(entry.query)),
            body=asked.body,
            content_type=asked.headers.get("content-type", ""),
        )
        entry.violations += exchange.request_violations()
        if not entry.agent:
            entry.violations.append(f"{HOST} requires a User-Agent")
        return exchange
