"""An asynchronous port called from plain code: each call on a loop of its own, as the product runs them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import anyio


class Blocking:
    """`Blocking(port).ask(…)` is `await port.ask(…)`."""

    def __init__(self, port: object) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            return anyio.run(partial(method, *arguments, **named), backend="trio")

        return call
