"""The answer to one request. Its headers and body are untrusted."""

from __future__ import annotations

from typing import Any

import httpx

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.fleet.errors import Unavailable

NOT_FLY = "Check that FLY_FLAPS_BASE_URL names a Machines API."


class Answer:
    """An answer. `what` names the request in errors."""

    def __init__(self, *, what: str, status: int, headers: httpx.Headers, content: bytes) -> None:
        self.what = what
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str:
        """The id that Fly's support asks for, to append to a message; "" without one."""
        found = self.headers.get("fly-request-id", "")
        return f" (fly-request-id {found[:80]})" if found else ""

    def json(self) -> Any:
        """The body. Raises Unavailable for what is not JSON."""
        try:
            return parse_json(self.content)
        except ValueError as error:
            raise self.unexpected(f"not JSON ({str(error)[:80]})") from error

    def object(self) -> dict[str, Any]:
        """The body, for an answer that need not have one: {} if it is not a JSON object."""
        try:
            found = parse_json(self.content)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def unexpected(self, problem: str) -> Unavailable:
        """The error for a success with an unusable body."""
        return Unavailable(f"{self.what}: the answer is {problem}{self.request_id}", hint=NOT_FLY)
