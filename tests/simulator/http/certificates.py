"""Certificates of an app's host names: no deploy asks for them, and the routes are there."""

from __future__ import annotations

from typing import Any

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.paging import page_of
from tests.simulator.http.reply import Reply
from tests.simulator.http.wire import show_time
from tests.simulator.state.model import Certificate
from tests.simulator.state.refusals import Code, Refusal, invalid, not_found

_BASE = "/v1/apps/{app}/certificates"
_ONE = _BASE + "/{hostname}"


def list_all(call: Call) -> Reply:
    """Short rows."""
    found = list(call.app.certificates.values())
    page = page_of(call, found, key=lambda certificate: certificate.hostname, size=call.get("limit"))
    rows = [
        {
            "hostname": c.hostname,
            "configured": True,
            "status": "Ready",
            "acme_requested": "fly" in c.sources,
            "has_fly_certificate": "fly" in c.sources,
            "has_custom_certificate": "custom" in c.sources,
            "created_at": show_time(call.world, c.created_at),
        }
        for c in page.items
    ]
    body = {"certificates": rows, "total_count": len(found)}
    return Reply(body=body | ({"next_cursor": page.cursor} if page.cursor else {}))


def _add(call: Call, source: str) -> Reply:
    app, hostname = call.app, call.object().get("hostname")
    if not isinstance(hostname, str) or "." not in hostname:
        raise invalid("invalid hostname")
    known = app.certificates.get(hostname)
    if known is not None and source in known.sources:
        raise Refusal(Code.UNPROCESSABLE, f"Hostname {hostname} already has a certificate")
    if known is None:
        known = app.certificates[hostname] = Certificate(hostname=hostname, created_at=call.world.now)
    known.sources.add(source)
    return Reply(status=201, body=_show(call, known))


def add_acme(call: Call) -> Reply:
    """A certificate that Fly gets by itself."""
    return _add(call, "fly")


def add_custom(call: Call) -> Reply:
    """A certificate that the caller uploads."""
    body = call.object()
    if not all(isinstance(body.get(key), str) for key in ("fullchain", "private_key")):
        raise invalid("fullchain and private_key are required")
    return _add(call, "custom")


def get(call: Call) -> Reply:
    """One host name."""
    return Reply(body=_show(call, _find(call)))


def check(call: Call) -> Reply:
    """As get, after a look at the DNS."""
    return Reply(body={**_show(call, _find(call)), "dns_records": {}})


def drop(call: Call) -> Reply:
    """Delete the host name with all its certificates."""
    del call.app.certificates[_find(call).hostname]
    return Reply(status=204)


def _drop_one(call: Call, source: str) -> Reply:
    certificate = _find(call)
    if source not in certificate.sources:
        raise not_found("certificate not found")
    certificate.sources.discard(source)
    if not certificate.sources:
        del call.app.certificates[certificate.hostname]
    return Reply(body=_show(call, certificate))


def drop_acme(call: Call) -> Reply:
    """Delete Fly's own certificate."""
    return _drop_one(call, "fly")


def drop_custom(call: Call) -> Reply:
    """Delete the caller's certificate."""
    return _drop_one(call, "custom")


def _find(call: Call) -> Certificate:
    found = call.app.certificates.get(call.path["hostname"])
    if found is None:
        raise not_found("certificate not found")
    return found


def _show(call: Call, certificate: Certificate) -> dict[str, Any]:
    created = show_time(call.world, certificate.created_at)
    return {
        "hostname": certificate.hostname,
        "configured": True,
        "status": "Ready",
        "acme_requested": "fly" in certificate.sources,
        "certificates": [
            {"source": source, "status": "active", "created_at": created}
            for source in sorted(certificate.sources)
        ],
        "validation_errors": [],
    }


ENDPOINTS = (
    Endpoint(method="GET", path=_BASE, operation="certificate_list", handle=list_all),
    Endpoint(method="POST", path=_BASE + "/acme", operation="certificate_add", handle=add_acme),
    Endpoint(method="POST", path=_BASE + "/custom", operation="certificate_add", handle=add_custom),
    Endpoint(method="GET", path=_ONE, operation="certificate_get", handle=get),
    Endpoint(method="DELETE", path=_ONE, operation="certificate_drop", handle=drop),
    Endpoint(method="DELETE", path=_ONE + "/acme", operation="certificate_drop", handle=drop_acme),
    Endpoint(method="DELETE", path=_ONE + "/custom", operation="certificate_drop", handle=drop_custom),
    Endpoint(method="POST", path=_ONE + "/check", operation="certificate_check", handle=check),
)
