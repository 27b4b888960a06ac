"""The answer to one request: status, headers, body, each read as untrusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.fleet.errors import Unavailable

NOT_FLY = "Check that FLY_FLAPS_BASE_URL names a Machines API."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`what` names the call in errors."""

    what: str
    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str:
        """What Fly's support asks for, ready to be appended to a message; "" where there is none."""
        found = self.headers.get("fly-request-id", "")
        return f" (fly-request-id {found[:80]})" if found else ""

    def json(self) -> Any:
        """The body. Raises Unavailable for what is not JSON."""
        try:
            return parse_json(self.content)
        except ValueError as error:
            raise self.unexpected(f"not JSON ({str(error)[:80]})") from error

    def object(self) -> dict[str, Any]:
        """The body of an answer that may as well have none: {} for everything that is no JSON object."""
        try:
            found = parse_json(self.content)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def unexpected(self, problem: str) -> Unavailable:
        """The error for a success that does not hold what it must."""
        return Unavailable(f"{self.what}: the answer is {problem}{self.request_id}", hint=NOT_FLY)
