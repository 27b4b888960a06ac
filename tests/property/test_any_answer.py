"""Whatever a server says, there is a value or a typed error, never a traceback."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.classify import classify
from entrypoint.adapters.machines.wire import (
    error_text,
    has_config,
    read_app,
    read_cursor,
    read_lease,
    read_machine,
    read_nonce,
    read_rows,
    read_volumes,
)
from entrypoint.adapters.registry.challenge import read_challenge
from entrypoint.adapters.registry.places import read_origin
from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.images import parse_image

WORDS = st.sampled_from(
    [
        "id", "name", "state", "config", "incomplete_config", "metadata", "image", "image_ref", "digest", "checks", "status", "output",
        "events", "type", "exit", "start", "timestamp", "request", "MonitorEvent", "exit_event", "exit_code", "restart_count", "host_status",
        "ok", "version", "instance_id", "nonce", "data", "error", "message", "machines", "volumes", "next_cursor", "organization", "slug",
        "size_gb", "attached_machine_id", "description", "started", "destroyed",
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | WORDS
BODIES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=20,
)
STATUSES = st.sampled_from(
    [302, 400, 401, 403, 404, 405, 408, 409, 412, 418, 422, 425, 429, 500, 501, 502, 503, 504]
)


@given(BODIES)
def test_any_json__is_read_or_refused_with_a_value_error(body: Any) -> None:
    found = body if isinstance(body, dict) else {}
    for value in (error_text(body), has_config(found), read_app(found, name=AppName("a")), read_cursor(body)):
        assert value is not None
    nonce = read_nonce(read_lease(body))
    assert nonce is None or nonce.isascii()
    try:
        machine = read_machine(found)
    except ValueError:
        assert not isinstance(found.get("id"), str) or not found["id"]
    else:
        assert all(isinstance(value, str) for value in machine.metadata.values())
        repr(machine).encode()
    for key in ("machines", "volumes"):
        try:
            rows = read_rows(body, key=key)
        except ValueError:
            continue
        assert all(row["id"] for row in rows)
        assert len(list(read_volumes(rows))) <= len(rows)


@given(STATUSES, st.binary(max_size=60) | BODIES.map(lambda body: json.dumps(body).encode()), st.booleans())
def test_any_refusal__is_typed_and_printable(status: int, content: bytes, holding: bool) -> None:
    answer = Answer(what="asking", status=status, headers=httpx.Headers(), content=content)
    error = classify(answer, holding=holding, hidden=("secret",))
    assert isinstance(error, FleetError)
    assert str(error).startswith(f"asking: HTTP {status}")
    assert "\n" not in str(error)
    str(error).encode()


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes__are_json_or_a_value_error(content: bytes) -> None:
    try:
        found = parse_json(content)
    except ValueError:
        return
    json.dumps(found, allow_nan=False)


@given(st.text(alphabet='Bearer =",\\realmservice:/?#[]@.x1\n ', max_size=60))
def test_any_challenge__is_an_address_or_none(header: str) -> None:
    found = read_challenge(header, repository="a/b")
    if found is None:
        return
    try:
        read_origin(found.realm)
    except ValueError:
        return
    assert urlsplit(found.url).netloc == urlsplit(found.realm).netloc


@given(st.text(alphabet="abAB.:/@-_0159[]%#? \nsha256é", max_size=40))
def test_any_text__is_a_reference_that_makes_a_url_or_none(text: str) -> None:
    found = parse_image(text)
    if found is None:
        return
    url = f"https://{found.registry}/v2/{found.repository}/manifests/{found.tag or 'latest'}"
    assert httpx.URL(url).path == f"/v2/{found.repository}/manifests/{found.tag or 'latest'}"
    assert read_origin(url).host == found.registry.rsplit(":", 1)[0].strip("[]") or "[" in found.registry
