"""A refusal of the Machines API → the error that says what to do.

`status` in the body is documented, so it decides before the text. In the text only whole words outside quotes are searched, because it also
has names that people chose ("release-app" is no lease).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.refusals import (
    Conflicting,
    ImageUnknown,
    NameTaken,
    Settling,
    VolumeClaimed,
)
from entrypoint.adapters.machines.retry import REPEATED
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

MOST_TEXT = 300
SHORTEST_SECRET = 6
"""Characters. Shorter secrets are not hidden, because that would make the text unreadable."""
_EXISTING = re.compile(r"machine ID (?P<id>[\w-]+) already exists with name", re.IGNORECASE)
_NAME_TAKEN = re.compile(
    r"\bname\b.*\b(taken|exists|in use)\b|\balready exists\b.*\bname\b|\bunique machine name\b"
)
_HELD = re.compile(r"lease (is )?(currently |already )?held( by (?P<holder>[^\s,]+))?", re.IGNORECASE)
_LEASE = re.compile(r"\blease\b")
_NONCE = re.compile(r"\bnonce\b")
_IMAGE = re.compile(r"manifest[ _]unknown")
_HOST_FULL = re.compile(
    r"could not reserve resource|insufficient (cpus?|memory|ips|gpus?|resources)\b|deploys to this host are temporarily disabled"
    r"|governor policy blocked start"
)
_REGION_FULL = re.compile(
    r"\bno capacity\b|\binsufficient capacity\b|could not find a candidate host|insufficient_capacity"
)
_VOLUME_FULL = re.compile(r"insufficient resources to create new machine with existing volume")
_APP = re.compile(r"\bapp\b")
_MACHINE = re.compile(r"\bmachine\b")
_QUOTED = re.compile(r"\"[^\"]*\"|'[\w.-]*'")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_UNKNOWN_HINT = "Check the secret with the Fly token: it must be complete and not expired. Make a new one: fly tokens create deploy."
_FORBIDDEN_HINT = (
    "The token is for another app, or may only read. Make one for this app: fly tokens create deploy -a APP."
)
_NAME_HINT = "Another machine has this name. Try again when that machine is gone."
_LEASE_HINT = "Another program holds this machine's lease. Wait until it is done, or clear the lease: fly machine leases clear ID."
_LOST_HINT = "The lease on the machine has ended or was taken. Try again: the new plan shows what changed."
_HOST_HINT = "The machine's host has no capacity. Try again later or with a smaller [[vm]]; a machine without a volume can be destroyed and created again."
_REGION_HINT = "The region has no capacity now. Try again later, or another region or size."
_VOLUME_HINT = (
    "The host of the volume has no capacity. Fork the volume (fly volumes fork), or use a smaller [[vm]]."
)


def classify(
    answer: Answer, *, holding: bool, hidden: Iterable[str], private: Iterable[str] = ()
) -> FleetError:
    """The error for an answer that is not a success. `holding`: the request carried a lease's nonce.

    `private`: hidden in the message only, not in the text that decides, because a variable may be named like a cause.
    """
    text, status = _read(answer.content)
    for secret in (secret for secret in hidden if len(secret) >= SHORTEST_SECRET):
        text = text.replace(secret, "***")
    shown = text
    for value in private:
        shown = shown.replace(value, "***")
    shown = f"{shown[:MOST_TEXT]}…" if len(shown) > MOST_TEXT else shown
    message = f"{answer.what}: HTTP {answer.status}{f' {shown}' if shown else ''}{answer.request_id}"
    lower = _QUOTED.sub("", text).lower()
    match answer.status:
        case 401:
            return Unauthorized(message, hint=_UNKNOWN_HINT)
        case 403 if holding and (_LEASE.search(lower) or _NONCE.search(lower)):
            return LeaseLost(message, hint=_LOST_HINT)
        case 403:
            return Unauthorized(message, hint=_FORBIDDEN_HINT)
        case code if code in REPEATED:
            hint = "Try again. https://status.flyio.net says whether Fly has trouble."
            return Unavailable(message, hint=hint)
        case code if 300 <= code < 400:
            return Refused(message, hint="The server redirects. Check FLY_FLAPS_BASE_URL.")
        case code if 400 <= code < 500:
            found = _image(message, lower) or _capacity(message, lower, status)
            return found or _refused(code, message, text, lower, status=status, holding=holding)
        case _:
            return Refused(message)


def _refused(code: int, message: str, text: str, lower: str, *, status: str, holding: bool) -> FleetError:
    match code:
        case 404:
            return _not_found(message, lower)
        case 409:
            return _conflict(message, text, lower, status=status, holding=holding)
        case 412:
            return _precondition(message, text, lower, holding=holding)
        case 422 if status == "name_taken":
            return NameTaken(message, machine=None, hint=_NAME_HINT)
        case _:
            return Refused(message)


def _image(message: str, lower: str) -> FleetError | None:
    hint = "Check that the image was pushed, and that Fly may pull it: from registry.fly.io, or from a public registry."
    return ImageUnknown(message, hint=hint) if _IMAGE.search(lower) else None


def _capacity(message: str, lower: str, status: str) -> FleetError | None:
    """Which of host, region and volume's host has no capacity. Each needs another hint."""
    match status:
        case "volume_placement_capacity":
            return NoCapacity(message, hint=_VOLUME_HINT)
        case "insufficient_capacity":
            return NoCapacity(message, hint=_HOST_HINT if _HOST_FULL.search(lower) else _REGION_HINT)
    if _VOLUME_FULL.search(lower):
        return NoCapacity(message, hint=_VOLUME_HINT)
    if _HOST_FULL.search(lower):
        return NoCapacity(message, hint=_HOST_HINT)
    return NoCapacity(message, hint=_REGION_HINT) if _REGION_FULL.search(lower) else None


def _not_found(message: str, lower: str) -> FleetError:
    if _LEASE.search(lower):
        return LeaseLost(message, hint=_LOST_HINT)
    if _APP.search(lower) and not _MACHINE.search(lower):
        return AppNotFound(message, hint="Check the app's name, and that the token is for its organization.")
    return MachineGone(message)


def _conflict(message: str, text: str, lower: str, *, status: str, holding: bool) -> FleetError:
    existing = _EXISTING.search(text)
    if existing or status == "name_taken" or _NAME_TAKEN.search(lower):
        return NameTaken(message, machine=MachineId(existing["id"]) if existing else None, hint=_NAME_HINT)
    if "concurrent update" in lower:
        return Conflicting(message, hint="Another program is changing the machine. Try again.")
    if _LEASE.search(lower) or _NONCE.search(lower):
        return _lease(message, text, holding=holding)
    return VersionConflict(message, hint="The machine was changed after the plan was made. Try again.")


def _precondition(message: str, text: str, lower: str, *, holding: bool) -> FleetError:
    if "already claimed" in lower:
        return VolumeClaimed(
            message, hint="The volume still belongs to a machine. Destroy that one, or wait until it is gone."
        )
    if _LEASE.search(lower) or _NONCE.search(lower):
        return _lease(message, text, holding=holding)
    return Settling(message, hint="The machine is changing its state. Try again in a minute.")


def _lease(message: str, text: str, *, holding: bool) -> FleetError:
    """Somebody else holds the lease. If we sent a nonce, we have lost ours."""
    held = _HELD.search(text)
    if holding or (held is None and _NONCE.search(text.lower())):
        return LeaseLost(message, hint=_LOST_HINT)
    return LeaseHeld(message, holder=(held and held["holder"]) or "", hint=_LEASE_HINT)


def _read(content: bytes) -> tuple[str, str]:
    """The text on one line, and the status. HTML from a proxy is left out."""
    try:
        text, status = error_text(parse_json(content))
    except ValueError:
        raw = content[: 4 * MOST_TEXT].decode("utf-8", "replace")
        text, status = ("" if "<" in raw else raw), ""
    return " ".join(_CONTROL.sub(" ", text).split()), status
