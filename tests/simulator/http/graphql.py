"""The few GraphQL questions that flyctl asks to deploy and to show what it deployed, told apart by their words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.http.tokens import check_app
from tests.simulator.http.wire import show_time
from tests.simulator.state.images import digest_of, is_missing, make_manifest, split_image
from tests.simulator.state.model import App
from tests.simulator.state.refusals import Refusal
from tests.simulator.state.world import NEAREST, REGIONS


def answer(call: Call) -> Reply:
    """Answer a question that flyctl asks; any other is an error of GraphQL's kind."""
    body = call.object()
    query, variables = str(body.get("query") or ""), body.get("variables") or {}
    if not isinstance(variables, dict):
        return _error("invalid variables")
    for word, say in _ABOUT_NO_APP:
        if re.search(rf"\b{word}\s*[({{]", query):
            return Reply(body={"data": {word: say(variables)}})
    for word, build in _QUESTIONS:
        if word in query:
            try:
                app = _find_app(call, variables)
            except Refusal as refusal:
                return _error(refusal.message)
            return Reply(body={"data": {_find_alias(query): build(call, app, variables)}})
    return _error("not implemented")


def _find_app(call: Call, variables: dict[str, Any]) -> App:
    name = str(variables.get("appName") or variables.get("name") or variables.get("app") or "")
    check_app(call.token, name)
    return call.world.app(name)


def _newest_image(variables: dict[str, Any]) -> dict[str, str]:
    """Nothing newer than what runs."""
    registry, repository, tag, digest = split_image(str(variables.get("image") or ""))
    return {"registry": registry, "repository": repository, "tag": tag, "version": "", "digest": digest}


def _platform(_variables: dict[str, Any]) -> dict[str, Any]:
    regions = [{"code": code, "name": code.upper(), "gatewayAvailable": True} for code in REGIONS]
    return {"requestRegion": NEAREST, "regions": regions}


_ABOUT_NO_APP: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
    ("canPerformBluegreenDeployment", lambda _variables: True),
    ("latestImageDetails", _newest_image),
    ("platform", _platform),
)


def _find_alias(query: str) -> str:
    """The name under which the question wants its app."""
    return next((word for word in ("appcompact", "appbasic") if f"{word}:app" in query), "app")


def _image(call: Call, app: App, variables: dict[str, Any]) -> dict[str, Any]:
    text = str(variables.get("imageRef") or variables.get("ref") or variables.get("image") or "")
    registry, repository, tag, digest = split_image(text)
    if is_missing(call.world, text):
        return {"id": app.name, "image": None}
    digest = digest or digest_of(make_manifest(call.world, registry=registry, repository=repository, tag=tag))
    image = {
        "id": f"img_{digest[7:19]}",
        "digest": digest,
        "ref": text,
        "compressedSize": "12345",
        "manifest": None,
    }
    return {"id": app.name, "image": image}


def _egress(_call: Call, _app: App, _variables: dict[str, Any]) -> dict[str, Any]:
    return {"egressIpAddresses": {"nodes": []}}


def _addresses(_call: Call, app: App, _variables: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        {
            "id": known["ip"],
            "address": known["ip"],
            "type": "v6" if ":" in known["ip"] else "v4",
            "region": known["region"],
            "createdAt": known["created_at"],
            "serviceName": known["service_name"],
        }
        for known in app.addresses
        if not known["shared"]
    ]
    shared = next((known["ip"] for known in app.addresses if known["shared"]), "")
    return {"ipAddresses": {"nodes": nodes}, "sharedIpAddress": shared}


def _definition(_call: Call, app: App, _variables: dict[str, Any]) -> dict[str, Any]:
    last = app.releases[-1] if app.releases else None
    return {"currentReleaseUnprocessed": {"configDefinition": last.definition} if last else None}


def _latest(_call: Call, app: App, _variables: dict[str, Any]) -> dict[str, Any]:
    last = app.releases[-1] if app.releases else None
    found = {"id": last.id, "version": last.version, "imageRef": last.image} if last else None
    return {"currentReleaseUnprocessed": found}


def _releases(call: Call, app: App, variables: dict[str, Any]) -> dict[str, Any]:
    limit = variables.get("limit")
    newest = list(reversed(app.releases))[: limit if isinstance(limit, int) else None]
    nodes = [
        {
            "id": release.id,
            "version": release.version,
            "description": "Release",
            "reason": "",
            "status": release.status,
            "imageRef": release.image,
            "stable": release.status == "complete",
            "user": {"id": "user", "email": "deployer@example.com", "name": "deployer"},
            "createdAt": show_time(call.world, release.created_at),
        }
        for release in newest
    ]
    return {"releases": {"nodes": nodes}}


def _app(_call: Call, app: App, _variables: dict[str, Any]) -> dict[str, Any]:
    organization = {"id": app.organization, "internalNumericId": "1", "slug": app.organization}
    return {
        "id": app.name,
        "internalNumericId": app.number,
        "name": app.name,
        "hostname": f"{app.name}.fly.dev",
        "cnameTarget": f"{app.name}.fly.dev",
        "deployed": app.status == "deployed",
        "network": app.network,
        "status": app.status,
        "appUrl": f"https://{app.name}.fly.dev",
        "platformVersion": "machines",
        "organization": {**organization, "rawSlug": app.organization, "paidPlan": True},
        "postgresAppRole": None,
    }


_QUESTIONS: tuple[tuple[str, Callable[[Call, App, dict[str, Any]], dict[str, Any]]], ...] = (
    ("image(ref", _image),
    ("egressIpAddresses", _egress),
    ("configDefinition", _definition),
    ("currentReleaseUnprocessed", _latest),
    ("releasesUnprocessed", _releases),
    ("ipAddresses", _addresses),
    ("appcompact:app", _app),
    ("appbasic:app", _app),
)


def _error(message: str) -> Reply:
    return Reply(body={"errors": [{"message": message}]})


ENDPOINTS = (
    Endpoint(method="POST", path="/graphql", operation="graphql", handle=answer, limited=False, writes=False),
)
