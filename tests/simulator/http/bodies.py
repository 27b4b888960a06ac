"""JSON bodies: read, merged, searched for what faults ask about."""

from __future__ import annotations

import json
from typing import Any


class Unreadable:
    """Stands for a body that is not JSON."""


UNREADABLE = Unreadable()


def read_json(raw: bytes) -> Any:
    """The body; None where there is none, UNREADABLE where it is not JSON."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return UNREADABLE


def lay_over(base: Any, patch: Any) -> Any:
    """`base` with the members of `patch` over it, at every depth."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: lay_over(base.get(key), value) for key, value in patch.items()}}
    return patch


def find_name(body: Any) -> str:
    """The machine name in a create."""
    return str(body.get("name") or "") if isinstance(body, dict) else ""


def find_group(body: Any) -> str:
    """The process group in a create."""
    try:
        return str(body["config"]["metadata"]["fly_process_group"])
    except (KeyError, TypeError):
        return ""
