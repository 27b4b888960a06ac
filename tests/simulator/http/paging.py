"""Pages: a limit, and a cursor, in a header or a field, that expires 30 minutes after the first page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.simulator.http.call import Call
from tests.simulator.state.refusals import invalid

_LIFE = 1800.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some items, and where to go on."""

    items: Sequence[T]
    cursor: str | None


def page_of(call: Call, found: Sequence[T], *, key: Callable[[T], str], size: str | None) -> Page[T]:
    """The page that the query asks for; everything where it does not. Refuses bad limits and cursors."""
    cursor = call.get("cursor")
    if size is None and cursor is None:
        return Page(items=found, cursor=None)
    limit = _read_limit(size)
    after, began = _read_cursor(cursor, now=call.world.now) if cursor else (None, call.world.now)
    names = [key(item) for item in found]
    start = names.index(after) + 1 if after in names else 0
    items = found[start : start + limit]
    more = start + limit < len(found)
    return Page(items=items, cursor=_write_cursor(key(items[-1]), began) if more else None)


def _read_limit(size: str | None) -> int:
    if size is None:
        return 1000
    if not size.isascii() or not size.isdigit() or not 1 <= int(size[:6]) <= 1000:
        raise invalid("limit must be between 1 and 1000")
    return int(size)


def _write_cursor(after: str, began: float) -> str:
    return base64.urlsafe_b64encode(json.dumps([after, began]).encode()).decode()


def _read_cursor(cursor: str, *, now: float) -> tuple[str, float]:
    try:
        after, began = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        age = now - float(began)
    except (ValueError, TypeError, binascii.Error):
        raise invalid("invalid cursor") from None
    if not isinstance(after, str) or age > _LIFE:
        raise invalid("cursor expired")
    return after, float(began)
