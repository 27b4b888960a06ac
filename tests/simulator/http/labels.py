"""Metadata over HTTP: 204 for every change."""

from __future__ import annotations

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.state.metadata import merge_metadata, read_metadata, set_metadata
from tests.simulator.state.refusals import invalid

_PATH = "/v1/apps/{app}/machines/{machine}/metadata"


def read_all(call: Call) -> Reply:
    """All of it."""
    return Reply(body=call.machine.metadata)


def merge(call: Call) -> Reply:
    """Set several values at once; PUT is an old name for the same."""
    body = call.object()
    merge_metadata(call.world, call.machine, values=body.get("metadata"), expects=body.get("machine_version"))
    return Reply(status=204)


def read_one(call: Call) -> Reply:
    """One value."""
    return Reply(body={"value": read_metadata(call.machine, call.path["key"])})


def set_one(call: Call) -> Reply:
    """Set one value."""
    body = call.object()
    if "value" not in body:
        raise invalid("value is required")
    set_metadata(call.world, call.machine, key=call.path["key"], value=body["value"])
    return Reply(status=204)


def delete_one(call: Call) -> Reply:
    """Delete one value."""
    set_metadata(call.world, call.machine, key=call.path["key"], value=None)
    return Reply(status=204)


ENDPOINTS = (
    Endpoint(method="GET", path=_PATH, operation="metadata_list", handle=read_all),
    Endpoint(method="PATCH", path=_PATH, operation="metadata_merge", handle=merge),
    Endpoint(method="PUT", path=_PATH, operation="metadata_merge", handle=merge),
    Endpoint(method="GET", path=_PATH + "/{key}", operation="metadata_get", handle=read_one),
    Endpoint(method="POST", path=_PATH + "/{key}", operation="metadata_set", handle=set_one),
    Endpoint(method="DELETE", path=_PATH + "/{key}", operation="metadata_delete", handle=delete_one),
)
