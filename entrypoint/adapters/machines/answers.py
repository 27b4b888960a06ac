"""What came back from one request: status, headers, body, and how far each may be trusted."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import httpx

from entrypoint.fleet.errors import Unavailable

DEEPEST = 100
"""Levels of nesting that are read: far more than any config has, far fewer than Python's stack."""
NOT_FLY = "Is this a Machines API? FLY_FLAPS_BASE_URL says where it is."


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


def parse_json(content: bytes) -> Any:
    """JSON as RFC 8259 has it: no NaN, no infinity, and not too deep for those who walk it. Raises ValueError."""
    try:
        found = json.loads(content, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    level = [found]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return found
    raise ValueError("nested too deeply")


def _children(node: Any) -> list[Any]:
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [value for value in values if isinstance(value, dict | list)]


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is beyond every number")
    return number
