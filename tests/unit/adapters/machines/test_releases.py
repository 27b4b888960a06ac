"""Release records are a courtesy: whatever their server does, nothing is raised and nobody waits long."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import pytest

from entrypoint.adapters.machines.releases import ReleasesClient
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.secrets import Secret
from entrypoint.rollout.ports import Release
from tests.scripted import Say, Scripted, nested, one_after_another
from tests.simulator.virtual import run_virtual


def use(server: Scripted) -> tuple[Release | None, float]:
    """Open a record and close it; the record, and the seconds that took."""

    async def story() -> tuple[Release | None, float]:
        begun = anyio.current_time()
        releases = ReleasesClient(
            app=AppName("shop"),
            base_url="http://fly.test",
            token=Secret("FlyV1 fm2_a,fo1_b"),
            transport=server,
        )
        found = await releases.open(image="i", strategy="rolling", definition={"app": "shop"})
        await releases.close(found or Release(id="r/1?x", version=1), status="complete")
        return found, anyio.current_time() - begun

    return run_virtual(story)


@pytest.mark.parametrize(
    "say",
    [
        Say(after=1000), Say(fault=httpx.ConnectError), Say(fault=httpx.ReadError), Say(status=500), Say(status=404), Say(status=403),
        Say(status=302, headers={"location": "http://elsewhere.test/"}), Say(body=b"<html>"), Say(body=b"\xff"), Say(body=b"[NaN]"),
        Say(body=nested(100_000)), Say(body=[]), Say(body={}), Say(body={"release": 7}), Say(body=b" " * 1_100_000),
        Say(body={"release": {"id": "", "version": 1}}), Say(body={"id": "r", "version": True}), Say(body={"id": [], "version": "1"}),
    ],
)  # fmt: skip
def test_a_server_that_does_not_play_along__is_left_alone(say: Say) -> None:
    server = Scripted(one_after_another(say))
    found, seconds = use(server)
    assert found is None
    assert seconds <= 25
    assert server.asked("POST") == 1
    assert {request.url.host for request in server.requests} == {"fly.test"}


@pytest.mark.parametrize(
    "body",
    [
        {"release": {"id": "r1", "version": 7}}, {"id": "r1", "version": "7"}, {"release": {"id": "r1", "version": 7, "more": None}},
    ],
)  # fmt: skip
def test_a_record__is_opened_and_closed(body: Any) -> None:
    server = Scripted(one_after_another(Say(status=201, body=body), Say(body=b"")))
    found, _ = use(server)
    assert found == Release(id="r1", version=7)
    assert [(r.method, r.url.path) for r in server.requests] == [
        ("POST", "/api/v1/releases"), ("PATCH", "/api/v1/releases/r1"),
    ]  # fmt: skip
    assert [json.loads(r.content).get("status") for r in server.requests] == [None, "complete"]
    assert {r.headers["authorization"] for r in server.requests} == {"Bearer fm2_a,fo1_b"}
    assert json.loads(server.requests[0].content)["strategy"] == "ROLLING"


def test_an_id_of_any_text__stays_one_part_of_the_path() -> None:
    server = Scripted(one_after_another(Say(status=404)))
    use(server)
    assert server.requests[-1].url.raw_path == b"/api/v1/releases/r%2F1%3Fx"
