"""Questions that need no answer: what is read of an answer, and that every other end of them is "unknown"."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import httpx
import pytest

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.machines.preflight.client import PreflightClient
from entrypoint.fleet.model import HeldLease
from entrypoint.fleet.preflight import Placement, SetSecret, TokenRights
from entrypoint.kernel.ids import AppName, Region
from entrypoint.kernel.secrets import Secret
from tests.bench import virtual
from tests.scripted import Say, Script, Scripted

T = TypeVar("T")
TOKEN = "FlyV1 fm2_abc,fm2_def"
ROOM = Placement(
    organization="acme",
    region=Region("ams"),
    guest={"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
    count=2,
    volume_name="data",
)


def asking(script: Script, question: Callable[[PreflightClient], Awaitable[T]]) -> tuple[T, Scripted, float]:
    """The answer, what was asked, and how many seconds it took."""
    door = Scripted(script)

    async def story() -> tuple[T, float]:
        client = MachinesClient(
            app=AppName("shop"), base_url="http://fly.test", token=Secret(TOKEN), transport=door
        )
        async with client:
            begun = anyio.current_time()
            found = await question(client.preflight)
            return found, anyio.current_time() - begun

    found, took = virtual(story)
    return found, door, took


def answer(body: Any, **words: Any) -> Script:
    return lambda _request: Say(body=body, **words)


QUESTIONS: dict[str, Callable[[PreflightClient], Awaitable[Any]]] = {
    "secrets": lambda client: client.secrets(),
    "leases": lambda client: client.leases(),
    "token": lambda client: client.token(),
    "room": lambda client: client.room(ROOM),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    "say",
    [
        *(Say(status=status, body={"error": "no"}) for status in (401, 403, 404, 405, 422, 500, 501)),
        Say(status=200, body="<html>"),
        Say(status=200, body="{"),
        Say(status=204),
        Say(fault=httpx.ConnectError),
        Say(after=3.5, body={}),
        Say(after=3600.0, body={}),
    ],
    ids=lambda say: f"{say.status}-{say.fault.__name__ if say.fault else say.body or say.after}",
)
def test_everything_else__is_unknown_within_three_seconds(question: Any, say: Say) -> None:
    found, _, took = asking(lambda _request: say, question)
    assert found is None
    assert took <= 3.0


@pytest.mark.parametrize(
    "body", [7, None, [], {}, "x", {"secrets": 3}, {"regions": 3}, [1], {"verified_token": [7]}]
)
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_an_answer_of_another_shape__is_no_traceback(question: Any, body: Any) -> None:
    asking(answer(body), question)


def test_secrets__are_read_with_the_time_they_were_set() -> None:
    rows = [
        {"name": "A", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00.123456789Z"},
        {"name": "B", "created_at": "2026-01-01T00:00:00Z", "value": "never looked at"},
        {"name": "no time"},
        {"name": 7, "updated_at": "2026-01-02T00:00:00Z"},
        "no row",
    ]
    expected = (SetSecret(name="A", set_at=1767312000123), SetSecret(name="B", set_at=1767225600000))
    for body in ({"secrets": rows}, rows):
        found, door, _ = asking(answer(body), QUESTIONS["secrets"])
        assert found == expected
        (request,) = door.requests
        assert (request.url.path, request.url.query) == ("/v1/apps/shop/secrets", b"")


def test_leases__are_those_that_last_by_the_servers_clock() -> None:
    lease = {"owner": "jo", "description": "d", "expires_at": 1767225660}
    rows = [
        {"id": "a", "lease": lease},
        {"id": "b"},
        {"id": "c", "lease": {**lease, "expires_at": 1767225600}},
    ]
    headers = {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}
    found, door, _ = asking(answer(rows, headers=headers), QUESTIONS["leases"])
    assert found == {"a": HeldLease(owner="jo", description="d", seconds_left=60.0)}
    assert dict(door.requests[0].url.params) == {"include_leases": "true", "limit": "1000"}
    found, _, _ = asking(answer(rows), QUESTIONS["leases"])
    assert found is not None
    assert {machine: held.seconds_left for machine, held in found.items()} == {"a": None, "c": None}


@pytest.mark.parametrize(
    ("say", "room"),
    [
        (Say(body={"regions": [{"region": "ams", "count": 2, "concurrency": 1}]}), 2),
        (Say(body={"regions": [{"region": "ams", "count": 1}]}), 1),
        (Say(body={"regions": [{"region": "ams", "count": 1}, {"region": "gru", "count": 1}]}), 2),
        (Say(body={"regions": [{"region": "ams", "count": 40}]}), 2),
        (Say(body={"regions": []}), 0),
        (Say(body={"regions": None}), 0),
        (Say(body={}), None),
        (Say(status=422, body={"error": "full", "status": "insufficient_capacity"}), 0),
        (Say(status=412, body={"error": "full", "status": "volume_placement_capacity"}), 0),
        (Say(status=422, body={"error": "bad"}), None),
    ],
)
def test_room(say: Say, room: int | None) -> None:
    found, door, _ = asking(lambda _request: say, QUESTIONS["room"])
    assert found == room
    (request,) = door.requests
    assert (request.method, request.url.path) == ("POST", "/v1/platform/placements")
    assert json.loads(request.content) == {
        "org_slug": "acme",
        "region": "ams",
        "count": 2,
        "compute": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
        "volume_name": "data",
    }


def rights(read: Say, write: Say) -> tuple[TokenRights | None, Scripted]:
    def script(request: httpx.Request) -> Say:
        return write if "w" in json.loads(request.content)["access"]["action"] else read

    found, door, _ = asking(script, QUESTIONS["token"])
    return found, door


def ends(*moments: int, wrapped: bool = False) -> Say:
    caveats: Any = [{"type": "ValidityWindow", "body": {"not_after": moment}} for moment in moments]
    caveats.append({"type": "Organization", "body": {"not_after": 1}})
    return Say(body={"verified_token": {"caveats": {"caveats": caveats} if wrapped else caveats}})


NO, OK, DOWN = Say(status=403, body={"error": "unauthorized"}), Say(body={}), Say(status=500)


@pytest.mark.parametrize(
    ("read", "write", "found"),
    [
        (OK, OK, TokenRights(writes=True, expires_at=None)),
        (OK, NO, TokenRights(writes=False, expires_at=None)),
        (OK, Say(status=400, body={"error": "no"}), TokenRights(writes=False, expires_at=None)),
        (OK, Say(status=404, body={"error": "no"}), TokenRights(writes=None, expires_at=None)),
        (OK, Say(status=422, body={"error": "no"}), TokenRights(writes=None, expires_at=None)),
        (OK, DOWN, TokenRights(writes=None, expires_at=None)),
        (OK, Say(body="<html>"), TokenRights(writes=None, expires_at=None)),
        (Say(body="<html>"), NO, None),
        (NO, NO, None),
        (DOWN, NO, None),
        (NO, OK, None),
        (ends(90, 70, 80), OK, TokenRights(writes=True, expires_at=70)),
        (ends(90, wrapped=True), OK, TokenRights(writes=True, expires_at=90)),
        (ends(), OK, TokenRights(writes=True, expires_at=None)),
    ],
)
def test_what_the_token_may(read: Say, write: Say, found: TokenRights | None) -> None:
    """A refusal means something only beside a permission: the API may not know this kind of token at all."""
    told, door = rights(read, write)
    assert told == found
    bodies = [json.loads(request.content) for request in door.requests]
    assert {body["header"] for body in bodies} == {TOKEN}
    assert {body["access"]["app_name"] for body in bodies} == {"shop"}
    assert {body["access"]["action"] for body in bodies} == {"r", "rw"}
