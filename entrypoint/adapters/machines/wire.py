"""JSON of the Machines API → types of fleet/. Only this file knows the field names. It is tolerant, because servers add, omit and rename
fields.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from entrypoint.fleet.model import (
    Address,
    AddressKind,
    App,
    CheckStatus,
    ExitEvent,
    HeldLease,
    HostStatus,
    Machine,
    Volume,
)
from entrypoint.fleet.preflight import SetSecret, TokenOwner
from entrypoint.fleet.states import VOLUME_LEAVING
from entrypoint.kernel.ids import AppName, MachineId, Nonce, Region, Version, VolumeId
from entrypoint.kernel.sharing import Shared

_SHIM = "bg_deployments_compat"
"""Prefix of checks that the server adds for old clients."""
_NONCE = re.compile(r"[!-~]+")
_FRACTION = re.compile(r"(\.\d{6})\d+")
"""Go writes up to nine decimal places of a second; Python 3.11 reads six."""


def read_app(body: Mapping[str, Any], *, name: AppName) -> App:
    """GET /v1/apps/{app}. `name`: the requested one."""
    found = body.get("organization")
    organization = _object(found)
    return App(
        name=AppName(_text(body.get("name")) or name),
        status=_text(body.get("status")),
        organization=_text(organization.get("slug")) or _text(organization.get("name")) or _text(found),
    )


def read_machine(body: Mapping[str, Any]) -> Machine:
    """A machine. Raises ValueError without an id."""
    if not _text(body.get("id")):
        raise ValueError("a machine without an id")
    config = body.get("config")
    if not isinstance(config, dict):
        config = _object(body.get("incomplete_config"))
    events = [event for event in _list(body.get("events")) if isinstance(event, dict)]
    return Machine(
        id=MachineId(_text(body.get("id"))),
        name=_text(body.get("name")),
        version=Version(_text(body.get("version")) or _text(body.get("instance_id"))),
        state=_word(body.get("state")),
        region=Region(_word(body.get("region"))),
        config=config,
        image_digest=_text(_object(body.get("image_ref")).get("digest")) or None,
        checks=tuple(_checks(body.get("checks"))),
        cordoned=body.get("cordoned") is True,
        host_status=_host_status(body.get("host_status")),
        last_exit=_last_exit(events),
        last_start=_last_start(events),
        boot_seconds=_boot_seconds(events),
        nonce=read_nonce(body),
        private_ip=_text(body.get("private_ip")),
    )


def read_alike(rows: Iterable[Mapping[str, Any]]) -> Iterator[Machine]:
    """The machines of a list. Configs that are equal become one object."""
    configs = Shared()
    for row in rows:
        config = row.get("config")
        yield read_machine({**row, "config": configs.share(config)} if isinstance(config, dict) else row)


def has_config(body: Mapping[str, Any]) -> bool:
    """Whether a row has its config, or says why not."""
    return (
        isinstance(body.get("config"), dict)
        or isinstance(body.get("incomplete_config"), dict)
        or _host_status(body.get("host_status")) is not HostStatus.OK
    )


def read_rows(body: object, *, key: str) -> list[dict[str, Any]]:
    """The rows of a list: an array, or an object that has one under `key`. null is an empty list in Go.

    Raises ValueError for anything else, which must not pass for an empty fleet.
    """
    rows = body[key] if isinstance(body, dict) and key in body else body
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) and _text(row.get("id")) for row in rows):
        raise ValueError(f"no list of {key}")
    return rows


def read_cursor(body: object) -> str:
    """The cursor of the next page, if the server puts it into the body; else empty."""
    return _text(_object(body).get("next_cursor"))


def read_volumes(rows: Iterable[Mapping[str, Any]]) -> Iterable[Volume]:
    """The volumes that are not being destroyed."""
    for item in rows:
        if item.get("state") not in VOLUME_LEAVING:
            attached = _text(item.get("attached_machine_id"))
            size = item.get("size_gb")
            yield Volume(
                id=VolumeId(_text(item.get("id"))),
                name=_text(item.get("name")),
                region=Region(_text(item.get("region"))),
                size_gb=size if isinstance(size, int) else 0,
                attached_machine=MachineId(attached) if attached else None,
                host_status=_host_status(item.get("host_status")),
            )


def read_addresses(body: object) -> Iterable[Address]:
    """`{"ips": […]}`, or the list alone. Egress addresses are left out."""
    found = _object(body).get("ips") if isinstance(body, dict) else body
    for row in (row for row in _list(found) if isinstance(row, dict)):
        ip = _text(row.get("ip"))
        if ip and not row.get("egress"):
            yield Address(kind=_address_kind(ip, shared=row.get("shared") is True), ip=ip)


def _address_kind(ip: str, *, shared: bool) -> AddressKind:
    if ":" in ip:
        return AddressKind.PRIVATE_V6 if ip.lower().startswith("fd") else AddressKind.V6
    return AddressKind.SHARED_V4 if shared else AddressKind.V4


def read_secrets(body: object) -> tuple[SetSecret, ...] | None:
    """`{"secrets": […]}`, or the list alone. Secrets without a time are left out. None if it is no list."""
    rows = _object(body).get("secrets") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        return None
    found = [row for row in rows if isinstance(row, dict) and _text(row.get("name"))]
    times = [_read_time(row.get("updated_at")) or _read_time(row.get("created_at")) for row in found]
    return tuple(
        SetSecret(name=_text(row["name"]), set_at=time)
        for row, time in zip(found, times, strict=True)
        if time is not None
    )


def read_places(body: object) -> Mapping[Region, int] | None:
    """`{"regions": [{"region", "count"}]}`. null is an empty list in Go. None for another shape."""
    if not isinstance(body, dict) or "regions" not in body:
        return None
    rows = [row for row in _list(body["regions"]) if isinstance(row, dict)]
    return {
        Region(_text(row.get("region"))): count
        for row in rows
        if isinstance(count := row.get("count"), int) and count > 0
    }


def read_expiry(body: object) -> int | None:
    """Until when an authorized token is valid, in seconds since 1970: the earliest end of its ValidityWindows. None if unknown.

    Tokens and caveats may each be a list (superfly/macaroon caveat_set.go) or an object (Fly's API document).
    """
    found = _object(body).get("verified_token")
    ends = [
        end
        for token in (found if isinstance(found, list) else [found])
        for caveat in _caveats(_object(token).get("caveats"))
        if caveat.get("type") == "ValidityWindow"
        and isinstance(end := _object(caveat.get("body")).get("not_after"), int)
    ]
    return min(ends, default=None)


def read_owner(body: object) -> TokenOwner | None:
    """The owner in the first part of the token that names an organization; None if none does."""
    for row in _list(_object(body).get("tokens")):
        token = _object(row)
        organization = _text(token.get("org_slug")) or _text(token.get("organization"))
        if organization:
            apps = tuple(app for app in _list(token.get("apps")) if isinstance(app, str))
            return TokenOwner(organization=organization, apps=apps, user=_text(token.get("user")))
    return None


def _caveats(value: object) -> Iterable[dict[str, Any]]:
    rows = _object(value).get("caveats") if isinstance(value, dict) else value
    return (row for row in _list(rows) if isinstance(row, dict))


def read_lease(body: object) -> Mapping[str, Any]:
    """A lease: in `data`, as Fly sends it, or flat, as in the API document."""
    found = _object(body)
    data = found.get("data")
    return _object(data) if isinstance(data, dict) else found


def read_nonce(body: Mapping[str, Any]) -> Nonce | None:
    """The nonce; None if it cannot be sent in a header."""
    found = _text(body.get("nonce"))
    return Nonce(found) if _NONCE.fullmatch(found) else None


def error_text(body: object) -> tuple[str, str]:
    """The text of an error and its `status`.

    The text is in `message`, else in `error`, which may be an object (fly-go), or in `errors.detail`.
    """
    found = _object(body)
    error = found.get("error")
    detail = _object(found.get("errors")).get("detail")
    text = (
        _text(found.get("message")) or _text(error) or _text(_object(error).get("message")) or _text(detail)
    )
    return text or _text(body), _text(found.get("status"))


def _checks(value: object) -> Iterable[CheckStatus]:
    for row in (row for row in _list(value) if isinstance(row, dict)):
        name = _text(row.get("name"))
        if not name.startswith(_SHIM):
            yield CheckStatus(
                name=sys.intern(name),
                status=_word(row.get("status")),
                output=_text(row.get("output")),
                updated_at=_read_time(row.get("updated_at")),
            )


def _read_time(value: object) -> int | None:
    """Milliseconds since 1970 of an RFC 3339 text; None for anything else."""
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", _text(value)))
    except ValueError:
        return None
    return round(found.timestamp() * 1000) if found.tzinfo is not None else None


def read_held_lease(found: Mapping[str, Any], *, date: str) -> HeldLease:
    """A lease of somebody. The seconds left are by the server's own clock, from its header Date (`date`)."""
    expires = found.get("expires_at")
    try:
        now = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        now = None
    left = float(expires) - now if isinstance(expires, int | float) and now is not None else None
    return HeldLease(
        owner=_text(found.get("owner")), description=_text(found.get("description")), seconds_left=left
    )


def _last_exit(events: list[dict[str, Any]]) -> ExitEvent | None:
    """The newest exit event. Its details may be nested in two ways."""
    exits = [event for event in events if event.get("type") == "exit"]
    if not exits:
        return None
    newest = max(exits, key=_timestamp)
    request = _object(newest.get("request"))
    monitor = _object(_object(request.get("MonitorEvent")).get("exit_event"))
    detail = monitor or _object(request.get("exit_event"))
    count = request.get("restart_count", _object(request.get("MonitorEvent")).get("restart_count"))
    code = detail.get("exit_code")
    return ExitEvent(
        exit_code=code if isinstance(code, int) else -1,
        requested_stop=detail.get("requested_stop") is True,
        restarting=detail.get("restarting") is True,
        restart_count=count if isinstance(count, int) else 0,
        oom_killed=detail.get("oom_killed") is True,
        timestamp=_timestamp(newest),
    )


def _last_start(events: list[dict[str, Any]]) -> int | None:
    starts = [_timestamp(event) for event in events if event.get("type") == "start"]
    return max(starts, default=None)


def _boot_seconds(events: list[dict[str, Any]]) -> float | None:
    """Seconds from the write to the first start. Fly lists only events of the present version."""
    written = [_timestamp(event) for event in events if event.get("type") in ("launch", "update")]
    started = [_timestamp(event) for event in events if event.get("type") == "start"]
    if not written or not started:
        return None
    took = (min(started) - max(written)) / 1000
    return took if took >= 0 else None


def _timestamp(event: Mapping[str, Any]) -> int:
    value = event.get("timestamp")
    return int(value) if isinstance(value, int | float) else 0


def _host_status(value: object) -> HostStatus:
    """OK if absent, because not every server sends it."""
    try:
        return HostStatus(value) if isinstance(value, str) and value else HostStatus.OK
    except ValueError:
        return HostStatus.UNKNOWN


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: object) -> str:
    """A string that thousands of machines have: one object for all of them."""
    return sys.intern(_text(value))


def _text(value: object) -> str:
    """A string without lone surrogates, which JSON escapes may spell and which cannot be encoded. Empty for anything else."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
