"""The loopback door: real connections that break, files, speed, the door for people."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulator.__main__ import main
from tests.simulator.process import Running, run_simulator

ROOT = Path(__file__).parents[2]
FLEET = json.loads((ROOT / "examples" / "acme-shop" / "fleet.json").read_text())
WEB = "/v1/apps/acme-shop/machines/148ed21a031189"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    fleet = FLEET | {"rate_limits": False}
    with run_simulator(tmp_path_factory.mktemp("simulator"), fleet) as simulator:
        yield simulator


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=running.base, headers={"Authorization": "Bearer t"}, trust_env=False
    ) as client:
        yield client
        client.delete("/_sim/faults")
        assert running.violations() == []


def _strike(client: httpx.Client, **rule: Any) -> None:
    client.post("/_sim/faults", json=rule).raise_for_status()


def test_it_prints_what_to_export_and_serves_the_demo_fleet(running: Running, client: httpx.Client) -> None:
    for name in ("FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL", "FLY_UIEX_BASE_URL"):
        assert f"export {name}={running.base}\n" in running.printed
    assert f"export FLY_REGISTRY_HOST={running.base.removeprefix('http://')}\n" in running.printed
    machines = client.get("/v1/apps/acme-shop/machines").json()
    places = [(m["config"]["metadata"]["fly_process_group"], m["region"], m["state"]) for m in machines]
    assert places == [
        ("web", "ams", "started"), ("web", "ams", "started"), ("web", "gru", "started"),
        ("worker", "ams", "started"), ("worker", "ams", "started"), ("cron", "ams", "started"),
    ]  # fmt: skip
    assert {m["config"]["image"] for m in machines} == {"registry.fly.io/acme-shop:v41"}
    (volume,) = client.get("/v1/apps/acme-shop/volumes").json()
    assert (volume["name"], volume["attached_machine_id"]) == ("data", machines[-1]["id"])


@pytest.mark.parametrize(("when", "counted"), [("before", 0), ("after", 1), ("body", 1)])
def test_real_connections_break(client: httpx.Client, when: str, counted: int) -> None:
    before = len(client.get(WEB + "/versions").json())
    config = client.get(WEB).json()["config"]
    _strike(client, operation="machine_update", fault="drop", when=when, nth=1)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.post(WEB, json={"config": config})
    assert len(client.get(WEB + "/versions").json()) == before + counted


def test_a_request_that_its_sender_did_not_live_to_send_whole__is_not_judged(client: httpx.Client) -> None:
    """The headers came, the body did not: a process was killed in between."""
    address = client.base_url
    with socket.create_connection((address.host, address.port)) as torn:
        torn.sendall(
            b"POST /v1/platform/placements HTTP/1.1\r\nhost: fly.test\r\nuser-agent: flightplan/0\r\n"
            b"authorization: Bearer t\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n"
        )
        time.sleep(0.2)
    time.sleep(0.2)  # `client` asks for violations


def test_a_real_reply_trickles(client: httpx.Client) -> None:
    _strike(client, operation="app_get", fault="trickle", delay=0.5, nth=1)
    began = time.monotonic()
    assert client.get("/v1/apps/acme-shop").json()["name"] == "acme-shop"
    assert time.monotonic() - began >= 0.4


def test_a_real_timeout_leaves_the_effect_behind(client: httpx.Client) -> None:
    _strike(client, operation="machine_cordon", fault="slow", delay=0.6, nth=1)
    with pytest.raises(httpx.ReadTimeout):
        client.post(WEB + "/cordon", timeout=0.2)
    assert client.get(WEB).json()["cordoned"] is False
    time.sleep(0.7)
    assert client.get(WEB).json()["cordoned"] is True
    assert client.post(WEB + "/uncordon").status_code == 200


def test_a_wait_is_held_while_others_are_served(running: Running, client: httpx.Client) -> None:
    config = client.get(WEB).json()["config"]
    version = client.post(WEB, json={"config": config}).json()["version"]
    began = time.monotonic()
    answer = client.get(WEB + "/wait", params={"state": "started", "version": version, "timeout": 30})
    assert answer.json()["state"] == "started"
    assert 0.2 <= time.monotonic() - began < 5


def test_the_fleet_is_changed_by_hand_and_bad_words_are_refused(client: httpx.Client) -> None:
    done = client.post("/_sim/do", json={"act": "metadata", "group": "worker", "values": {"by": "hand"}})
    assert len(done.json()["concerned"]) == 2
    wrong: tuple[Any, ...] = (
        {"act": "explode"},
        {"act": "stop", "machine": "absent"},
        {"act": "state"},
        [],
        {"act": "update", "app": "x"},
    )
    for words in wrong:
        assert client.post("/_sim/do", json=words).status_code >= 400, words
    assert client.post("/_sim/faults", json={"fault": "explode"}).status_code == 400
    assert client.post("/_sim/faults", json={"colour": "red"}).status_code == 400


def test_the_journal_can_be_read_from_a_point_on(client: httpx.Client) -> None:
    client.get("/v1/apps/acme-shop")
    rows = client.get("/_sim/journal").json()
    assert rows[-1]["operation"] == "app_get"
    assert client.get("/_sim/journal", params={"since": len(rows) - 1}).json() == rows[-1:]


@pytest.mark.parametrize(
    ("fleet", "message"),
    [
        ({"app": "a", "machinez": []}, "unknown machinez"),
        ({"app": "a", "machines": [{"config": "web"}]}, "no config 'web'"),
        ({"app": "a", "switches": {"colour": 1}}, "colour"),
        ({"app": "a", "rules": [{"fault": "explode"}]}, "unknown fault"),
        (
            {"app": "a", "machines": [{"config": {"image": "x", "mounts": [{"volume": "vol_1"}]}}]},
            "there is no volume vol_1",
        ),
        ({"app": "a", "machines": [{"config": {}}]}, "config.image"),
    ],
)
def test_a_wrong_fleet_file_is_refused_with_what_is_wrong(
    tmp_path: Path, fleet: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(fleet))
    assert main(["--port", "0", "--fleet", str(path)]) == 2
    said = capsys.readouterr()
    assert (said.out, message in said.err) == ("", True), said.err


def test_a_fault_file_scripts_rules_acts_and_images(tmp_path: Path) -> None:
    faults = {
        "rules": [{"operation": "app_get", "status": 503, "nth": 1}],
        "acts": [
            {"at": 0.0, "act": "cordon", "machine": "148ed21a031189"},
            {"at": 0.0, "act": "stop", "machine": "absent"},
        ],
        "behaviours": [{"image": "*:v42", "boot": "crash"}],
        "switches": {"retry_after": True},
        "timing": {"replace": 0.1, "boot": [0.1, 0.2]},
    }
    headers = {"Authorization": "Bearer t"}
    with (
        run_simulator(tmp_path, FLEET, faults=faults) as simulator,
        httpx.Client(base_url=simulator.base, headers=headers, trust_env=False) as client,
    ):
        assert [client.get("/v1/apps/acme-shop").status_code for _ in range(2)] == [503, 200]
        assert client.get(WEB).json()["cordoned"] is True
