"""A request as the endpoints see it, and how an endpoint is declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulator.http.reply import Reply
from tests.simulator.http.tokens import Token
from tests.simulator.state.leases import guard
from tests.simulator.state.model import App, Machine
from tests.simulator.state.refusals import invalid
from tests.simulator.state.world import World

if TYPE_CHECKING:
    from tests.simulator.http.simulator import Simulator


@dataclass(slots=True, kw_only=True)
class Call:
    """One request. `body` is None where none was sent."""

    simulator: Simulator
    method: str
    path: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any
    token: Token
    address: str = ""
    """The path as it was asked for."""

    @property
    def world(self) -> World:
        return self.simulator.world

    @property
    def app(self) -> App:
        """The app that the path names. Refuses an unknown one."""
        return self.world.app(self.path["app"])

    @property
    def machine(self) -> Machine:
        """The machine that the path names. Refuses an unknown one."""
        return self.world.machine(self.path["app"], self.path["machine"])

    @property
    def guarded_machine(self) -> Machine:
        """The machine, for a change. Refuses a caller that does not hold its lease."""
        machine = self.machine
        guard(self.world, machine, nonce=self.nonce)
        return machine

    @property
    def nonce(self) -> str | None:
        return self.headers.get("fly-machine-lease-nonce") or None

    def get(self, *names: str) -> str | None:
        """The query parameter of the first of `names` that was given."""
        for name in names:
            for key, value in self.query:
                if key == name:
                    return value
        return None

    def get_all(self, name: str) -> list[str]:
        """All values of a query parameter."""
        return [value for key, value in self.query if key == name]

    def is_set(self, *names: str) -> bool:
        """Whether a boolean query parameter is true."""
        return (self.get(*names) or "").lower() in {"true", "1", "t"}

    def object(self) -> dict[str, Any]:
        """The body, which must be a JSON object if there is one. Refuses anything else."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise invalid("invalid json body")
        return self.body


Handle = Callable[[Call], Reply]
Hold = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route. `operation` is its name in journal, faults and limits; `hold` is for answers that take their time."""

    method: str
    path: str
    operation: str
    handle: Handle | None = None
    hold: Hold | None = None
    limited: bool = True
    writes: bool | None = None
    """Whether it needs more than a read-only token; None: unless it is a GET."""
    open: bool = False
    """Whether it looks at the token itself."""

    @property
    def needs_write(self) -> bool:
        return self.method not in {"GET", "HEAD"} if self.writes is None else self.writes
