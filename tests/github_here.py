"""GitHub in this process: requests' adapter led to a simulator, no socket and no thread, so that virtual time can be used."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio.to_thread
import requests
import requests.adapters
import trio

from tests.patched import patched
from tests.simulator_github.server import Simulator
from tests.simulator_github.wire import Asked

T = TypeVar("T")
_NUMBERS = itertools.count(1)
_SERVED: dict[str, Simulator] = {}


def serve_here(simulator: Simulator) -> str:
    """The address of `simulator`, for those who ask inside `here()`."""
    host = f"github{next(_NUMBERS)}.test"
    _SERVED[host] = simulator
    return f"http://{host}"


@contextmanager
def here() -> Iterator[None]:
    """While this lasts, requests goes to those simulators, what would run in a thread runs at once, and waiting takes no time."""
    patches: list[tuple[Any, str, Any]] = [
        (requests.adapters.HTTPAdapter, "send", _send),
        (anyio.to_thread, "run_sync", _run_at_once),
        (time, "sleep", lambda _seconds: None),
    ]
    with patched(patches):
        yield


def _send(_adapter: Any, request: requests.PreparedRequest, **_more: Any) -> requests.Response:
    body = request.body or b""
    assert isinstance(body, str | bytes)
    parts = urlsplit(str(request.url))
    reply = _SERVED[str(parts.hostname)].ask(
        Asked(
            method=str(request.method),
            site=f"{parts.scheme}://{parts.netloc}",
            path=parts.path,
            query=parts.query,
            headers={k.lower(): str(v) for k, v in request.headers.items()},
            body=body.encode() if isinstance(body, str) else body,
        )
    )
    if reply is None:
        raise requests.exceptions.ConnectionError("the connection was cut")
    response = requests.Response()
    response.status_code, response.url, response.request = reply.status, str(request.url), request
    response.headers.update(reply.headers)
    response.raw, response.encoding = io.BytesIO(reply.body), "utf-8"
    return response


async def _run_at_once(call: Callable[..., T], *arguments: Any, **_more: Any) -> T:
    await trio.lowlevel.checkpoint()
    return call(*arguments)
