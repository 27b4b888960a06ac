"""Secrets over HTTP."""

from __future__ import annotations

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.http.wire import show_secret
from tests.simulator.state.refusals import invalid
from tests.simulator.state.secrets import check_secrets, find_secret, set_secrets

_BASE = "/v1/apps/{app}/secrets"
_ONE = _BASE + "/{secret}"


def _check_version(call: Call) -> None:
    text = call.get("min_version", "version")
    if text and not (text.isascii() and text.isdigit()):
        raise invalid("invalid min_version")
    check_secrets(call.app, int(text) if text else None)


def _version(call: Call) -> dict[str, int]:
    """The number, under both names that it goes by."""
    number = call.app.secrets_version
    return {"version": number, "Version": number}


def list_secrets(call: Call) -> Reply:
    """All names and digests."""
    _check_version(call)
    shown = [
        show_secret(call.world, s, with_value=call.is_set("show_secrets")) for s in call.app.secrets.values()
    ]
    return Reply(body={"secrets": shown})


def get(call: Call) -> Reply:
    """One secret."""
    _check_version(call)
    secret = find_secret(call.app, call.path["secret"])
    return Reply(body=show_secret(call.world, secret, with_value=call.is_set("show_secrets")))


def set_many(call: Call) -> Reply:
    """Set and unset in one call; unsetting an unknown name only tells the version."""
    set_secrets(call.world, call.app, values=call.object().get("values"))
    shown = [show_secret(call.world, secret, with_value=False) for secret in call.app.secrets.values()]
    return Reply(body={"secrets": shown, **_version(call)})


def set_one(call: Call) -> Reply:
    """Set one secret."""
    value, name = call.object().get("value"), call.path["secret"]
    if not isinstance(value, str):
        raise invalid("value is required")
    set_secrets(call.world, call.app, values={name: value})
    shown = show_secret(call.world, find_secret(call.app, name), with_value=False)
    return Reply(status=201, body={**shown, **_version(call)})


def delete_one(call: Call) -> Reply:
    """Unset one secret."""
    find_secret(call.app, call.path["secret"])
    set_secrets(call.world, call.app, values={call.path["secret"]: None})
    return Reply(body=_version(call))


ENDPOINTS = (
    Endpoint(method="GET", path=_BASE, operation="secret_list", handle=list_secrets),
    Endpoint(method="POST", path=_BASE, operation="secret_merge", handle=set_many),
    Endpoint(method="GET", path=_ONE, operation="secret_get", handle=get),
    Endpoint(method="POST", path=_ONE, operation="secret_set", handle=set_one),
    Endpoint(method="DELETE", path=_ONE, operation="secret_delete", handle=delete_one),
)
