"""The checker catches what is wrong, on either side; and every known disagreement is still needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from tests.contract import checker
from tests.contract.checker import Exchange, find_violations, load_document
from tests.contract.disagreements import DISAGREEMENTS, Disagreement
from tests.simulator.builders import make_config, make_service
from tests.simulator.faults import Rule
from tests.simulator.http.contract import ContractMiddleware
from tests.simulator.stage import APP, on_virtual_time, open_stage
from tests.simulator.transport import SimulatorTransport

MACHINE = {"id": "148ed21a031189", "name": "web-1", "state": "started", "config": {"image": "i"}}
LEASE = {"nonce": "5c35", "expires_at": 1, "owner": "o", "description": "d", "version": "01A"}
HELD = {"status": "error", "message": "lease currently held by o", "code": "invalid"}
JSON = (("content-type", "application/json"),)


def exchange(
    method: str, path: str, *, body: Any = None, status: int = 200, reply: Any = None, **words: Any
) -> Exchange:
    return Exchange(
        method=method,
        path=f"/v1/apps/acme-shop{path}",
        headers=JSON,
        body=b"" if body is None else json.dumps(body).encode(),
        status=status,
        reply_headers=JSON,
        reply=b"" if reply is None else json.dumps(reply).encode(),
        **words,
    )


def post(config: Any, reply: Any = MACHINE, **words: Any) -> Exchange:
    return exchange("POST", "/machines", body={"config": config}, reply=reply, **words)


GOOD = [
    post({"image": "i"}),
    exchange("GET", "/machines", reply=[MACHINE], query=(("limit", "1000"),)),
    exchange(
        "GET",
        "/machines/m/wait",
        status=408,
        reply={"error": "deadline_exceeded"},
        query=(("state", "started,stopped"),),
    ),
    exchange("DELETE", "/machines/m", reply={"ok": True}, query=(("force", "true"),)),
    exchange("POST", "/machines/m/stop", body={}, reply={"ok": True}),
    exchange("GET", "/nothing", status=404, reply={"error": "not found"}),
    exchange("GET", "/machines/m", status=502),
]
BAD = {
    "a config that is no object": post("i"),
    "a number as text": post({"image": "i", "guest": {"cpus": "two"}}),
    "autostop of a fourth kind": post({"image": "i", "services": [{"autostop": "maybe"}]}),
    "an env that holds numbers": post({"image": "i", "env": {"A": 1}}),
    "a body that is no JSON object": exchange("POST", "/machines", body=[1], reply=MACHINE),
    "no body where one is needed": exchange("POST", "/machines", reply=MACHINE),
    "a state nobody knows of": exchange("GET", "/machines/m/wait", query=(("state", "asleep"),), reply={"ok": True}),
    "a limit that is none": exchange("GET", "/machines", query=(("limit", "many"),), reply=[]),
    "an answer with another type": post({"image": "i"}, reply={**MACHINE, "state": 7}),
    "a list that is none": exchange("GET", "/machines", reply={"machines": []}),
    "a lease that is not wrapped": exchange("POST", "/machines/m/lease", body={"ttl": 1}, status=201, reply=LEASE),
    "a path nobody knows of": exchange("GET", "/nothing", reply={}),
    "a status nobody knows of": exchange("GET", "/machines/m", status=203, reply=MACHINE),
    "an error in no known shape": exchange("GET", "/machines/m", status=503, reply={"oops": 1}),
}  # fmt: skip


@pytest.mark.parametrize("good", GOOD, ids=lambda e: f"{e.method}-{e.path}-{e.status}")
def test_what_is_right__passes(good: Exchange) -> None:
    assert find_violations(good) == []


@pytest.mark.parametrize("bad", BAD.values(), ids=[name.replace(" ", "-") for name in BAD])
def test_what_is_wrong__is_found(bad: Exchange) -> None:
    assert find_violations(bad)


def test_each_side_may_be_judged_alone() -> None:
    asked, answered = BAD["a number as text"], BAD["an answer with another type"]
    assert find_violations(asked, judge_request=False) == []
    assert find_violations(answered, judge_answer=False) == []


VOLUME = {"id": "vol_1", "attached_machine_id": None, "attached_alloc_id": None}
TELLING = [
    post({"image": "i", "services": [{"force_instance_key": None}]}),
    post({"image": "i", "services": [{"autostop": True}, {"autostop": "stop"}]}),
    exchange("GET", "/volumes", reply=[VOLUME]),
    exchange("POST", "/volumes", body={"name": "data", "auto_backup_enabled": None, "fstype": None}, reply={}),
    exchange("POST", "/secrets", body={"values": {"A": None}}, reply={}),
    exchange("POST", "/machines/m", body={"config": {"image": "i"}}, status=409, reply=HELD),
    exchange("POST", "/machines/m/lease", status=201, query=(("ttl", "5"),), reply={"status": "success", "data": LEASE}),
    exchange("POST", "/machines/m/lease", body={"ttl": 1}, status=201, reply=LEASE),
    exchange("GET", "/machines/m/lease", reply=LEASE),
    exchange("GET", "/ip_assignments", reply={"ips": [{"ip": "::1", "network": None}]}),
    exchange("POST", "/ip_assignments", body={"type": "v6"}, reply={"ip": "::1", "network": None}),
    Exchange(
        method="POST", path="/v1/tokens/authorize", headers=JSON, body=b'{"header": "FlyV1 fm2_x", "access": {"action": "w"}}',
        reply_headers=JSON, reply=b"{}",
    ),
    Exchange(
        method="POST", path="/v1/tokens/authorize", headers=JSON, body=b'{"header": "FlyV1 fm2_x", "access": {"app_name": "a"}}',
        reply_headers=JSON, reply=b'{"verified_token": {"caveats": [{"type": "ValidityWindow", "body": {}}]}}',
    ),
]  # fmt: skip
"""What the document, as Fly publishes it, judges otherwise than we do."""


@pytest.mark.parametrize("disagreement", DISAGREEMENTS, ids=lambda d: "-".join(d.at[-4:]).replace("/", "."))
def test_a_known_disagreement__has_a_source_and_still_makes_a_difference(
    disagreement: Disagreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = [find_violations(travels) for travels in TELLING]
    without = load_document(disagreement)
    monkeypatch.setattr(checker, "load_document", lambda: without)
    assert [find_violations(travels) for travels in TELLING] != ours, "take it off the list"
    assert disagreement.source
    assert disagreement.why


def test_the_document__is_compiled_once() -> None:
    assert load_document() is load_document()


# The suite's own doors


def call(method: str, path: str, *, agent: str, rules: list[Rule], **words: Any) -> Callable[[], None]:
    @on_virtual_time
    async def story() -> None:
        async with open_stage(rules=rules) as stage:
            headers = {"user-agent": agent, "authorization": "Bearer t"}
            async with httpx.AsyncClient(
                transport=SimulatorTransport(stage.simulator), base_url="http://fly.test", headers=headers
            ) as client:
                await client.request(method, f"{APP}{path}", **words)

    return story


BAD_CONFIG = {"config": make_config(services=[make_service()]) | {"env": {"A": 1}}}
REFUSED = Rule(operation="machine_create", status=422, body={"error": "no"})


def test_a_wrong_request_of_ours__fails_the_test_although_it_was_refused() -> None:
    with pytest.raises(AssertionError, match="request at /config/env/A"):
        call("POST", "/machines", agent="flightplan/0", rules=[REFUSED], json=BAD_CONFIG)()
    call("POST", "/machines", agent="curl/8", rules=[REFUSED], json=BAD_CONFIG)()


def test_a_wrong_answer__fails_the_test() -> None:
    violations: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse({**MACHINE, "state": 7})(scope, receive, send)

    @on_virtual_time
    async def story() -> None:
        door = httpx.ASGITransport(app=ContractMiddleware(app, violations=violations))
        async with httpx.AsyncClient(transport=door, base_url="http://fly.test") as client:
            await client.get(f"{APP}/machines/m")
            await client.get(f"{APP}/machines/m")  # a wrong one is not known as good

    story()
    assert [text.partition(": ")[2] for text in violations] == [
        "answer at /state: 7 is not of type 'string'"
    ] * 2


def test_what_was_found__is_raised_at_the_door() -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_stage() as stage:
            stage.simulator.violations.append("answer at /state: something")
            with pytest.raises(AssertionError, match="answer at /state"):
                await stage.get()

    story()
