"""When a request is sent again, when never, how long that may take, and what the errors say."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest

from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.connections import Connections
from entrypoint.adapters.machines.retry import ATTEMPTS, pause
from entrypoint.adapters.machines.transport import Ambiguous
from entrypoint.fleet.errors import FleetError, Refused, Unauthorized, Unavailable
from entrypoint.kernel.secrets import Secret
from tests.scripted import Say, Scripted, one_after_another
from tests.simulator.virtual import run_virtual

TOKEN = "FlyV1 fm2_secret-a,fm2_secret-b\n"
OK = Say(body={"ok": True})


def ask(server: Scripted, *, repeatable: bool = True, **changes: Any) -> Callable[[], Awaitable[Any]]:
    words: dict[str, Any] = {
        "method": "POST", "path": "/v1/apps/a/machines/m/stop", "action": "stop", "identifier": "m",
        "what": "stopping machine m", "repeatable": repeatable,
    }  # fmt: skip

    async def story() -> Any:
        connections = Connections(base_url="http://fly.test", token=Secret(TOKEN), transport=server)
        async with connections:
            begun = anyio.current_time()
            try:
                answer = await connections.requests.send(Call(**words | changes))
            except FleetError as error:
                return error, anyio.current_time() - begun
            return answer, anyio.current_time() - begun

    return story


NEVER_SENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
UNCLEAR = [
    httpx.ReadError,
    httpx.ReadTimeout,
    httpx.WriteError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_an_answer_that_may_pass__is_asked_again(status: int) -> None:
    server = Scripted(one_after_another(Say(status=status), Say(status=status), OK))
    answer, _ = run_virtual(ask(server))
    assert answer.status == 200
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 599])
def test_what_must_not_happen_twice__is_not_sent_twice(status: int) -> None:
    server = Scripted(one_after_another(Say(status=status, headers={"fly-request-id": "01HQ"}), OK))
    error, _ = run_virtual(ask(server, repeatable=False))
    assert type(error) is Ambiguous
    assert str(error).endswith("(fly-request-id 01HQ)")
    assert "goes on where it stopped" in error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [425, 429])
def test_what_was_never_executed__is_sent_again_whatever_it_is(status: int) -> None:
    server = Scripted(one_after_another(Say(status=status), OK))
    answer, _ = run_virtual(ask(server, repeatable=False))
    assert answer.status == 200


@pytest.mark.parametrize("fault", NEVER_SENT)
def test_what_never_left__is_sent_again_whatever_it_is(fault: type[httpx.RequestError]) -> None:
    server = Scripted(one_after_another(Say(fault=fault), OK))
    answer, _ = run_virtual(ask(server, repeatable=False))
    assert answer.status == 200


@pytest.mark.parametrize("fault", UNCLEAR)
def test_a_connection_that_breaks__is_unclear(fault: type[httpx.RequestError]) -> None:
    once, again = (Scripted(one_after_another(Say(fault=fault), OK)) for _ in range(2))
    error, _ = run_virtual(ask(once, repeatable=False))
    answer, _ = run_virtual(ask(again, repeatable=True))
    assert type(error) is Ambiguous
    assert "the network broke" in str(error)
    assert answer.status == 200


@pytest.mark.parametrize("status", [400, 404, 409, 412, 422, 302, 501])
def test_a_no__is_no(status: int) -> None:
    server = Scripted(one_after_another(Say(status=status), OK))
    error, _ = run_virtual(ask(server))
    assert isinstance(error, FleetError)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_an_expired_token__is_fatal_at_once(status: int) -> None:
    error, seconds = run_virtual(ask(Scripted(one_after_another(Say(status=status)))))
    assert (type(error), seconds) == (Unauthorized, 0)


def test_it_gives_up_after_some_attempts() -> None:
    server = Scripted(one_after_another(Say(status=503)))
    error, seconds = run_virtual(ask(server))
    assert type(error) is Unavailable
    assert len(server.requests) == ATTEMPTS
    assert seconds < 20


def test_a_storm_of_429s__is_sat_out_within_the_patience() -> None:
    server = Scripted(lambda _: Say(status=429) if anyio.current_time() < begun[0] + 40 else OK)
    begun: list[float] = []

    async def story() -> Any:
        begun.append(anyio.current_time())
        return await ask(server, repeatable=False)()

    answer, seconds = run_virtual(story)
    assert answer.status == 200
    assert 40 <= seconds < 60
    gaps = [later - sooner for sooner, later in zip(server.times, server.times[1:], strict=False)]
    assert min(gaps) >= 1.0


def test_a_429__holds_back_who_asks_for_the_same() -> None:
    server = Scripted(one_after_another(Say(status=429), OK))

    async def story() -> None:
        async with (
            Connections(base_url="http://fly.test", token=Secret(TOKEN), transport=server) as connections,
            anyio.create_task_group() as group,
        ):
            for _ in range(2):
                group.start_soon(connections.requests.send, call("m"))
                await anyio.sleep(0.1)

    run_virtual(story)
    assert [moment - server.times[0] >= 1.0 for moment in server.times] == [False, True, True]


def call(identifier: str) -> Call:
    return Call(
        method="POST", path="/v1/x", action="stop", identifier=identifier, what="stopping", repeatable=True
    )


def test_patience_ends_a_storm_that_does_not() -> None:
    error, seconds = run_virtual(ask(Scripted(one_after_another(Say(status=429))), patience=30.0))
    assert type(error) is Unavailable
    assert seconds <= 30


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "7"}, 7, 7.5),
        ({"retry-after": "0"}, 0, 0.5),
        ({"retry-after": "-3"}, 0, 0.5),
        ({"retry-after": "99999999999"}, 60, 60.5),
        ({"retry-after": "inf"}, 60, 60.5),
        (
            {"retry-after": "Tue, 24 Nov 2026 20:00:09 GMT", "date": "Tue, 24 Nov 2026 20:00:00 GMT"},
            9,
            9.5,
        ),
        ({"retry-after": "Tue, 24 Nov 2026 19:00:00 GMT", "date": "Tue, 24 Nov 2026 20:00:00 GMT"}, 0, 0.5),
        ({"retry-after": "soon"}, 1, 1.5),
        ({"retry-after": "nan"}, 1, 1.5),
        ({"retry-after": "Tue, 99 Nov 2026"}, 1, 1.5),
        ({}, 1, 1.5),
    ],
)
def test_retry_after__is_obeyed_and_bounded(headers: dict[str, str], least: float, most: float) -> None:
    rests = [pause(1, 429, httpx.Headers(headers), dice=random.Random(seed)) for seed in range(200)]
    assert least <= min(rests)
    assert max(rests) <= most


def test_the_back_off__doubles_to_a_cap_with_full_jitter() -> None:
    for attempt, ceiling in ((1, 0.5), (2, 1), (3, 2), (6, 10), (500, 10)):
        rests = [pause(attempt, 503, httpx.Headers(), dice=random.Random(seed)) for seed in range(300)]
        assert max(rests) <= ceiling
        assert min(rests) < ceiling / 10
        assert max(rests) > ceiling * 0.9


def test_an_answer_that_trickles_for_ever__ends() -> None:
    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                await anyio.sleep(25)
                yield b" "

    class Dripping(Scripted):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return httpx.Response(200, stream=Drip(), request=request)

    error, seconds = run_virtual(ask(Dripping(one_after_another(OK)), repeatable=False))
    assert type(error) is Ambiguous
    assert "took too long" in str(error)
    assert seconds <= 60


def test_an_answer_without_end__is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrypoint.adapters.machines.endpoint.MOST_BYTES", 1_000_000)
    error, _ = run_virtual(ask(Scripted(one_after_another(Say(body=b" " * 1_000_001))), repeatable=False))
    assert "longer than 1000000 bytes" in str(error)


def test_a_redirect__is_not_followed_with_the_token() -> None:
    server = Scripted(one_after_another(Say(status=307, headers={"location": "http://elsewhere.test/"})))
    error, _ = run_virtual(ask(server))
    assert type(error) is Refused
    assert [request.url.host for request in server.requests] == ["fly.test"]


def test_nothing_secret__is_logged_or_raised(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = Say(
        status=503,
        body={"error": "fm2_secret-a nonce-5c35 DATABASE_PASSWORD"},
        headers={"fly-request-id": "01HQ"},
    )
    error, _ = run_virtual(
        ask(
            Scripted(one_after_another(echo)),
            nonce="nonce-5c35",
            body={"config": {"env": {"K": "env-value"}}},
        )
    )
    seen = "\n".join(record.getMessage() for record in caplog.records) + str(error) + error.hint
    assert "/v1/apps/a/machines/m/stop 503 (fly-request-id 01HQ)" in seen
    assert not [word for word in ("fm2_secret", "nonce-5c35", "env-value") if word in seen]


def test_one_cookie_jar_for_all_pools() -> None:
    server = Scripted(
        one_after_another(Say(headers={"set-cookie": "fly_flaps_affinity=n1; Path=/v1/apps/a"}), OK)
    )
    call = Call(
        method="GET", path="/v1/apps/a", action="app", identifier="a", what="reading", repeatable=True
    )

    async def story() -> None:
        async with Connections(
            base_url="http://fly.test", token=Secret(TOKEN), transport=server
        ) as connections:
            for pool in (connections.requests, connections.leases, connections.waits):
                await pool.send(call)

    run_virtual(story)
    assert [request.headers.get("cookie") for request in server.requests] == [None] + [
        "fly_flaps_affinity=n1"
    ] * 2
    assert {request.headers["authorization"] for request in server.requests} == {
        "FlyV1 fm2_secret-a,fm2_secret-b"
    }


@pytest.mark.parametrize("cookie", ["affinity=\u00e9", "affinit\u00e9=n1", ""])
def test_a_cookie_that_cannot_be_sent_back__is_not(cookie: str) -> None:
    headers: Any = {b"set-cookie": cookie.encode()}
    server = Scripted(one_after_another(Say(headers=headers), OK))
    call = Call(
        method="GET", path="/v1/apps/a", action="app", identifier="a", what="reading", repeatable=True
    )

    async def story() -> None:
        async with Connections(base_url="http://fly.test", token=Secret(TOKEN), transport=server) as fly:
            for _ in range(2):
                await fly.requests.send(call)

    run_virtual(story)
    assert [request.headers.get("cookie") for request in server.requests] == [None, None]
