"""Faults of the wire: F1–F6, and how a fault finds its request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.builders import add_machine, make_config
from tests.simulator.faults import Rule
from tests.simulator.stage import Stage, on_virtual_time, open_stage

CONFIG = make_config(env={"NEW": "1"})


async def _is_updated(stage: Stage) -> bool:
    return bool(stage.machine.config["env"] == {"NEW": "1"})


@pytest.mark.parametrize("commit", [True, False])
def test_f1_f2_a_timeout_with_and_without_the_effect(commit: bool) -> None:
    body = {"error": "deadline_exceeded: request timed out"}

    @on_virtual_time
    async def run() -> None:
        rule = Rule(
            operation="machine_update", fault="answer", status=408, body=body, commit=commit, delay=30
        )
        async with open_stage(rules=[rule]) as stage:
            answer = await stage.update(config=CONFIG)
            assert (answer.status_code, answer.json(), stage.now) == (408, body, 30.0)
            assert await _is_updated(stage) is commit

    run()


@on_virtual_time
async def test_f3_a_timeout_without_a_body() -> None:
    async with open_stage(rules=[Rule(operation="machine_stop", status=408)]) as stage:
        answer = await stage.client.post(stage.path("/stop"))
        assert (answer.status_code, answer.content) == (408, b"")
        assert stage.machine.state == "started"


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3"}])
def test_f4_a_burst_of_429_with_and_without_retry_after(headers: dict[str, str]) -> None:
    @on_virtual_time
    async def run() -> None:
        rule = Rule(operation="machine_update", status=429, headers=headers, times=3)
        async with open_stage(rules=[rule]) as stage:
            answers = [await stage.update() for _ in range(4)]
            assert [answer.status_code for answer in answers] == [429, 429, 429, 200]
            assert answers[0].json() == {"error": "rate limit exceeded"}
            assert answers[0].headers.get("retry-after") == headers.get("Retry-After")

    run()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("html", [True, False])
def test_f5_server_errors_with_html_and_with_nothing(status: int, html: bool) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(
            rules=[Rule(operation="machine_get", status=status, html=html, nth=1)]
        ) as stage:
            answer = await stage.client.get(stage.path())
            assert answer.status_code == status
            assert answer.headers.get("content-type", "").startswith("text/html") is html
            assert (await stage.client.get(stage.path())).status_code == 200

    run()


@pytest.mark.parametrize(
    ("when", "error", "done"),
    [
        ("refused", httpx.ConnectError, False),
        ("dns", httpx.ConnectError, False),
        ("tls", httpx.ConnectError, False),
        ("before", httpx.ReadError, False),
        ("after", httpx.ReadError, True),
        ("body", httpx.RemoteProtocolError, True),
    ],
)
def test_f6_connections_break_at_every_point(when: Any, error: type[Exception], done: bool) -> None:
    @on_virtual_time
    async def run() -> None:
        async with open_stage(rules=[Rule(operation="machine_update", fault="drop", when=when)]) as stage:
            with pytest.raises(error):
                await stage.update(config=CONFIG)
            assert await _is_updated(stage) is done
            (entry,) = stage.simulator.journal.entries
            assert (entry.status, entry.fault) == (0, "drop machine_update")

    run()


@on_virtual_time
async def test_f6_a_reply_may_come_so_slowly_that_the_client_gives_up() -> None:
    async with open_stage(rules=[Rule(operation="machine_update", fault="trickle", delay=100)]) as stage:
        with pytest.raises(httpx.ReadTimeout):
            await stage.client.post(stage.path(), json={"config": CONFIG}, timeout=20)
        assert stage.now == 20.0
        assert await _is_updated(stage)


@on_virtual_time
async def test_a_slow_request_is_done_even_if_the_client_gives_up_before() -> None:
    async with open_stage(
        rules=[Rule(operation="machine_update", fault="slow", delay=40, delay_after=5)]
    ) as stage:
        with pytest.raises(httpx.ReadTimeout):
            await stage.client.post(stage.path(), json={"config": CONFIG}, timeout=20)
        assert not await _is_updated(stage)
        await stage.simulator.clock.sleep(21)
        stage.simulator.look()
        assert await _is_updated(stage)
        assert stage.machine.updated_at == 40.0


@on_virtual_time
async def test_a_fault_finds_its_request_by_operation_machine_group_and_count() -> None:
    rules = [
        Rule(operation="machine_*", machine="m2", status=500, nth=2, name="second of m2"),
        Rule(operation="machine_cordon", group="worker", status=503, after=10, until=20),
    ]
    async with open_stage(rules=rules) as stage:
        world, app = stage.simulator.world, stage.app
        two = add_machine(world, app, name="m2")
        worker = add_machine(world, app, config=make_config(group="worker"))

        async def cordon(machine: str) -> int:
            return (await stage.client.post(stage.path("/cordon", machine=machine))).status_code

        assert [await cordon(two.id) for _ in range(3)] == [200, 500, 200]
        assert stage.simulator.journal.entries[1].fault == "second of m2"
        assert await cordon(worker.id) == 200
        await stage.simulator.clock.sleep(15)
        assert [await cordon(worker.id), await cordon(stage.machine.id)] == [503, 200]
        await stage.simulator.clock.sleep(6)
        assert await cordon(worker.id) == 200


def test_a_fault_by_chance_strikes_the_same_requests_under_the_same_seed() -> None:
    told: list[list[int]] = []

    @on_virtual_time
    async def run(seed: int) -> None:
        async with open_stage(
            rules=[Rule(operation="app_get", status=500, probability=0.3)], seed=seed
        ) as stage:
            told.append([(await stage.client.get("/v1/apps/acme-shop")).status_code for _ in range(50)])

    for seed in (5, 5, 6):
        run(seed)
    assert told[0] == told[1] != told[2]
    assert 5 <= told[0].count(500) <= 25


@on_virtual_time
async def test_a_create_can_be_struck_by_the_name_or_group_in_its_body() -> None:
    rules = [
        Rule(
            operation="machine_create", machine="mailer-*", group="mailer", fault="drop", when="after", nth=1
        )
    ]
    async with open_stage(rules=rules) as stage:
        assert (await stage.create(name="other")).status_code == 200
        config = make_config(group="mailer")
        with pytest.raises(httpx.ReadError):
            await stage.create(config, name="mailer-1")
        assert (await stage.create(config, name="mailer-1")).status_code == 409


def test_an_unknown_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown fault 'explode'"):
        Rule(fault="explode")  # type: ignore[arg-type]  # what a fault file might hold
