"""The whole product in this process: its main program, with both networks led to the simulators, no thread and no real time.

Three doors are replaced, none of them the product's: httpx's transport, requests' adapter, and the clock of trio.
"""

from __future__ import annotations

import io
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx
import requests
import requests.adapters
import trio
from trio.testing import MockClock

from tests.patched import patched
from tests.simulator.http.simulator import Simulator as Fly
from tests.simulator.transport import SimulatorTransport
from tests.simulator.virtual import run_virtual
from tests.simulator_github.server import Simulator as Github
from tests.simulator_github.wire import Asked

FLY_URL, GITHUB_URL = "http://fly.test", "http://github.test"

T = TypeVar("T")


class Dead(BaseException):
    """The machine that the job ran on is gone: nothing that it does reaches anybody."""


@dataclass(kw_only=True)
class Wires:
    """Both simulators and the one clock. `dead_after`: so many more writes to Fly, then the job is dead."""

    fly: Fly
    github: Github
    clock: MockClock = field(default_factory=lambda: MockClock(autojump_threshold=0))
    github_url: str = GITHUB_URL
    """Another one than ours: GitHub's simulator is served there, and is asked over a socket."""
    contract: bool = False
    dead_after: int | None = None
    dead_after_answers: int | None = None
    """The same after so many answers of GitHub."""
    cancel_after: int | None = None
    """So many more writes to Fly, then GitHub cancels the job: the process gets SIGINT."""
    _dead: bool = False
    _door: SimulatorTransport | None = None

    def now(self) -> float:
        """Seconds since 1970 on both sides."""
        return self.fly.world.epoch + self.clock.current_time()

    def wait(self, seconds: float) -> None:
        """Let time pass while nothing runs."""
        self.clock.jump(seconds)

    def run(self, story: Callable[[], Awaitable[T]]) -> T:
        """Run it on the clock."""
        return run_virtual(story, clock=self.clock)

    def look(self) -> None:
        """Let everything happen at Fly that is due."""

        async def story() -> None:
            self.fly.look()

        self.run(story)

    def by_hand(self, act: str, **words: Any) -> list[str]:
        """Somebody does something at Fly."""

        async def story() -> list[str]:
            return self.fly.act(act, **words)

        return self.run(story)

    async def to_fly(self, request: httpx.Request) -> httpx.Response:
        """One request to Fly."""
        self._check_alive()
        if self._door is None:
            self._door = SimulatorTransport(self.fly, contract=self.contract)
        path = request.url.path
        if request.method in ("POST", "DELETE") and "/machines" in path and not path.endswith("/lease"):
            self._count_write()
        response = await self._door.handle_async_request(request)
        self._check_alive()
        return response

    def _count_write(self) -> None:
        if self.cancel_after is not None:
            self.cancel_after -= 1
            if self.cancel_after < 0:
                self.cancel_after = None
                signal.raise_signal(signal.SIGINT)
        if self.dead_after is not None:
            self.dead_after -= 1
            self._dead = self.dead_after < 0
            self._check_alive()

    def _check_alive(self) -> None:
        if self._dead:
            raise Dead

    def revive(self) -> None:
        """Another job, on another machine."""
        self._dead, self._door = False, None
        self.dead_after = self.dead_after_answers = self.cancel_after = None

    def to_github(
        self, method: str, url: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """One request to GitHub. Raises ConnectionError."""
        if self.dead_after_answers is not None:
            self.dead_after_answers -= 1
            self._dead = self._dead or self.dead_after_answers < 0
        self._check_alive()
        parts = urlsplit(url)
        reply = self.github.ask(
            Asked(
                method=method,
                site=f"{parts.scheme}://{parts.netloc}",
                path=parts.path,
                query=parts.query,
                headers={k.lower(): v for k, v in dict(headers).items()},
                body=body,
            )
        )
        if reply is None:
            raise ConnectionError("the connection was cut")
        return reply.status, dict(reply.headers), reply.body


@contextmanager
def in_process(wires: Wires) -> Iterator[None]:
    """While this lasts, every client in this process talks to the simulators."""

    async def fly_or_github(_self: Any, request: httpx.Request) -> httpx.Response:
        if request.url.host != "github.test":
            return await wires.to_fly(request)
        body = await request.aread()
        try:
            status, headers, content = wires.to_github(
                request.method, str(request.url), request.headers, body
            )
        except ConnectionError as error:
            raise httpx.ReadError(str(error), request=request) from None
        return httpx.Response(status, headers=headers, content=content, request=request)

    def send(_self: Any, request: requests.PreparedRequest, **_more: Any) -> requests.Response:
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else body
        assert isinstance(data, bytes)
        try:
            status, headers, content = wires.to_github(
                str(request.method), str(request.url), request.headers, data
            )
        except ConnectionError as error:
            raise requests.exceptions.ConnectionError(str(error)) from None
        response = requests.Response()
        response.status_code, response.url, response.request = status, str(request.url), request
        response.headers.update(headers)
        response.raw, response.encoding = io.BytesIO(content), "utf-8"
        return response

    async def run_sync(call: Callable[..., T], *arguments: Any, **_more: Any) -> T:
        await trio.lowlevel.checkpoint()
        return call(*arguments)

    def run(story: Callable[..., Awaitable[T]], *arguments: Any, **_more: Any) -> T:
        return wires.run(lambda: story(*arguments))

    patches: list[tuple[Any, str, Any]] = [
        (httpx.AsyncHTTPTransport, "handle_async_request", fly_or_github),
        *([(requests.adapters.HTTPAdapter, "send", send)] if wires.github_url == GITHUB_URL else []),
        (anyio.to_thread, "run_sync", run_sync),
        (anyio, "run", run),
        (time, "sleep", wires.wait),
        (time, "time", wires.now),
    ]
    with patched(patches):
        yield
