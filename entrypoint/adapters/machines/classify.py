"""A refusal of the Machines API → the error that says what to do (machines-api §1.2, §1.3)."""

from __future__ import annotations

import json
import re

import httpx

from entrypoint.adapters.machines.wire import error_text
from entrypoint.fleet.errors import (
    AppNotFound,
    FleetError,
    LeaseHeld,
    LeaseLost,
    MachineGone,
    NoCapacity,
    Refused,
    Unauthorized,
    Unavailable,
    VersionConflict,
)
from entrypoint.kernel.ids import MachineId

_HOLDER = re.compile(r"lease currently held by (?P<holder>\S+?),? ", re.IGNORECASE)
_EXISTING = re.compile(r"machine ID (?P<id>\S+) already exists with name", re.IGNORECASE)
_CAPACITY = (
    "insufficient",
    "could not reserve resource",
    "no capacity",
    "could not find a candidate host",
    "deploys to this host are temporarily disabled",
    "governor policy blocked start",
)
MOST_TEXT = 300


class NameTaken(FleetError):
    """409 on create: `machine` has this name already."""

    def __init__(self, message: str, *, machine: MachineId) -> None:
        super().__init__(message)
        self.machine = machine


class Settling(FleetError):
    """412: the machine is between two states; ask again in a moment."""


class Conflicting(FleetError):
    """409 for a concurrent update: nothing was applied; read again and repeat."""


def classify(response: httpx.Response, *, what: str) -> FleetError:
    """The error for an answer that is not a success. `what` names the call and the machine."""
    text, status = _body(response)
    message = f"{what}: HTTP {response.status_code}{f' {text}' if text else ''}{_request_id(response)}"
    lower = text.lower()
    match response.status_code:
        case 401 | 403:
            return Unauthorized(
                message,
                hint="Is the Fly token for this app, set as a secret, and not expired? Attenuated tokens end after about ten minutes.",
            )
        case 404:
            return _not_found(message, lower)
        case 409:
            return _conflict(message, text, lower)
        case 412:
            return _precondition(message, lower, status)
        case 422 if status == "insufficient_capacity" or any(word in lower for word in _CAPACITY):
            return _no_capacity(message)
        case 408 | 425 | 429 | 500 | 502 | 503 | 504:
            return Unavailable(
                message, hint="Fly did not answer usefully; run it again. status.flyio.net tells more."
            )
        case _:
            return Refused(message)


def _not_found(message: str, lower: str) -> FleetError:
    if "lease" in lower:
        return LeaseLost(message)
    if "app" in lower and "machine" not in lower:
        return AppNotFound(message, hint="Does the app exist, in the organization that the token is for?")
    return MachineGone(message)


def _conflict(message: str, text: str, lower: str) -> FleetError:
    existing = _EXISTING.search(text)
    if existing:
        return NameTaken(message, machine=MachineId(existing["id"]))
    if "lease" in lower:
        holder = _HOLDER.search(f"{text} ")
        name = holder["holder"] if holder else ""
        return LeaseHeld(
            message,
            holder=name,
            hint="Somebody else works on this machine. Wait, or clear it: fly machine leases clear ID.",
        )
    if any(word in lower for word in _CAPACITY):
        return _no_capacity(message)
    if "concurrent update" in lower:
        return Conflicting(message)
    return VersionConflict(message, hint="Somebody changed the machine meanwhile. Plan again.")


def _precondition(message: str, lower: str, status: str) -> FleetError:
    if status == "volume_placement_capacity" or "insufficient resources" in lower:
        return _no_capacity(message)
    if "lease" in lower or "nonce" in lower:
        return LeaseLost(message)
    return Settling(message)


def _no_capacity(message: str) -> FleetError:
    return NoCapacity(message, hint="Fly has no room there now. Try again later, or another region or size.")


def _body(response: httpx.Response) -> tuple[str, str]:
    """Text and status; HTML and other noise of proxies is left out."""
    try:
        text, status = error_text(json.loads(response.content or b"{}"))
    except (ValueError, RecursionError):
        raw = response.content[:MOST_TEXT].decode("utf-8", "replace")
        text, status = ("" if "<" in raw else raw), ""
    flat = " ".join(text.split())
    return (f"{flat[:MOST_TEXT]}…" if len(flat) > MOST_TEXT else flat), status


def _request_id(response: httpx.Response) -> str:
    found = response.headers.get("fly-request-id", "")
    return f" (fly-request-id {found[:80]})" if found else ""
