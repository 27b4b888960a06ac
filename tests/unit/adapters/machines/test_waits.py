"""The long poll, with every answer that a server may give to it."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.fleet.errors import Unauthorized
from entrypoint.kernel.ids import MachineId, Version
from tests.scripted import Say, Scripted, one_after_another
from tests.unit.adapters.machines.test_reads import run

STATES = ("started", "stopped", "failed")


def wait(
    server: Scripted, *, states: tuple[str, ...] = STATES, timeout: float = 20
) -> tuple[str | None, float]:
    async def story(client: MachinesClient) -> tuple[str | None, float]:
        begun = anyio.current_time()
        found = await client.wait(MachineId("m"), version=Version("01A"), states=states, timeout=timeout)
        return found, anyio.current_time() - begun

    return run(server, story)


@pytest.mark.parametrize(
    ("say", "found"),
    [
        (Say(body={"ok": True, "state": "stopped"}), "stopped"),
        (Say(body={"ok": True}), "started"),
        (Say(body=b""), "started"),
        (Say(status=204), "started"),
        (Say(body=b"OK"), "started"),
        (Say(body={"state": None}), "started"),
        (Say(status=408), None),
        (Say(status=408, body={"error": "deadline_exceeded: … currently stopped"}), None),
        (Say(status=400, body={"error": "timed out waiting for machine"}, after=1), None),
        (Say(status=400, after=20), None),
        (Say(status=404), None),
        (Say(status=405), None),
        (Say(status=501), None),
    ],
)
def test_an_answer__is_a_state_or_not_yet(say: Say, found: str | None) -> None:
    server = Scripted(one_after_another(say))
    assert wait(server)[0] == found
    assert len(server.requests) == 1


def test_gone__is_destroyed_where_that_was_waited_for() -> None:
    assert wait(Scripted(one_after_another(Say(status=404))), states=("destroyed",))[0] == "destroyed"


def test_the_query__is_what_the_document_says() -> None:
    server = Scripted(one_after_another(Say()))
    wait(server, timeout=300)
    assert server.requests[0].url.params.multi_items() == [
        ("state", "started"), ("state", "stopped"), ("state", "failed"), ("version", "01A"), ("timeout", "60"),
    ]  # fmt: skip


def test_a_server_that_knows_less__is_asked_for_less_and_not_twice() -> None:
    def script(request: httpx.Request) -> Say:
        plain = len(request.url.params.get_list("state")) == 1 and "version" not in request.url.params
        return Say(body={"ok": True}) if plain else Say(status=400, body={"error": "bad request"})

    async def story(client: MachinesClient) -> list[Any]:
        return [
            await client.wait(MachineId("m"), version=Version("01A"), states=STATES, timeout=20)
            for _ in range(2)
        ]

    server = Scripted(script)
    assert run(server, story) == ["started", "started"]
    assert len(server.requests) == 4
    assert server.requests[-1].url.params["instance_id"] == "01A"


@pytest.mark.parametrize(
    ("live", "found"),
    [
        ({"state": "started", "version": "01A"}, "started"),
        ({"state": "started", "version": "01B"}, None),
        ({"state": "starting", "version": "01A"}, None),
    ],
)
def test_a_server_that_watches_for_the_last_state_only__is_found_out(
    live: dict[str, str], found: str | None
) -> None:
    def script(request: httpx.Request) -> Say:
        if not request.url.path.endswith("/wait"):
            return Say(body={"id": "m", **live})
        if request.url.params.get_list("state")[-1] == "started":
            return Say(body={"ok": True})
        return Say(status=408, after=20)

    async def story(client: MachinesClient) -> list[str | None]:
        return [
            await client.wait(MachineId("m"), version=Version("01A"), states=STATES, timeout=20)
            for _ in range(2)
        ]

    server = Scripted(script)
    assert run(server, story) == ([found, "started"] if found else [None, None])
    assert len(server.requests) == (3 if found else 4)


@pytest.mark.parametrize(
    "say", [Say(status=504, after=10), Say(fault=httpx.ReadError, after=5), Say(status=503)]
)
def test_a_poll_that_is_cut_off__is_not_yet_within_the_time(say: Say) -> None:
    found, seconds = wait(Scripted(one_after_another(say)), timeout=20)
    assert found is None
    assert seconds <= 45


def test_a_token_that_ends__is_an_error_here_too() -> None:
    with pytest.raises(Unauthorized):
        wait(Scripted(one_after_another(Say(status=401))))
