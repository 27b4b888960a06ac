"""The preflight as JSON (docs/plan-json.md). null means unknown."""

from __future__ import annotations

from datetime import UTC, datetime

from entrypoint.fleet.preflight import TokenRights
from entrypoint.kernel.json import JsonObject
from entrypoint.planning.model.preflight import Preflight, Room


def preflight_json(found: Preflight) -> JsonObject:
    """Names and numbers as they were read. The reader must escape foreign text."""
    return {
        "secrets": None
        if found.secrets is None
        else [
            {"group": staged.group, "names": list(staged.names), "goes_live": staged.goes_live}
            for staged in found.secrets
        ],
        "leases": None
        if found.leases is None
        else [
            {
                "group": lease.group,
                "machine": lease.machine,
                "owner": lease.owner,
                "description": lease.description,
                "seconds_left": None if lease.seconds_left is None else round(lease.seconds_left),
            }
            for lease in found.leases
        ],
        "room": [_room(room) for room in found.room],
        "token": None if found.token is None else _token(found.token),
    }


def _room(asked: Room) -> JsonObject:
    return {
        "groups": list(asked.groups),
        "region": asked.region,
        "size": asked.size,
        "volume_name": asked.volume_name or None,
        "wanted": asked.wanted,
        "room": asked.room,
    }


def _token(rights: TokenRights) -> JsonObject:
    expires = rights.expires_at
    return {
        "writes": rights.writes,
        "expires_at": None if expires is None else datetime.fromtimestamp(expires, UTC).isoformat(),
    }
