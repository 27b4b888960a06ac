"""Never healthy without a passing report of that very instance, and never healthy for good: what passes must stay so to the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from entrypoint.kernel.run import Gate, OnFailure
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, as_recorded, deploy_beside, make_bench, virtual

WEB = ("148ed21a031189", "1781960b5e2d89", "32873d4c126985")
WORKERS = ("4d891e2fb55368", "6e82994ea3d7e8")
QUIET = MANIFEST.replace('mailer = "bin/mailer"\n', "").replace('release_command = "bin/migrate"', "")
AUTOSTOP = QUIET.replace('auto_stop_machines = "off"', 'auto_stop_machines = "stop"')
STOPS_ITSELF = json.loads(json.dumps(FLEET).replace('"autostop": false', '"autostop": true'))
CHECKS = AUTOSTOP[AUTOSTOP.index("  [[http_service.checks]]") : AUTOSTOP.index("[[mounts]]")]


def without_checks(fleet: dict[str, Any]) -> dict[str, Any]:
    changed = json.loads(json.dumps(fleet))
    del changed["configs"]["web"]["services"][0]["checks"]
    return dict(changed)


def said(bench: Bench) -> str:
    return "".join(bench.console.summaries)


def proxy_stops(bench: Bench, *machines: str, after: float, times: int = 1) -> Callable[[], Any]:
    """The proxy stops each machine so many seconds after it has come up on the new image."""

    async def watch() -> None:
        left = dict.fromkeys(machines, times)
        up_since: dict[str, float] = {}
        while left:
            await anyio.sleep(0.5)
            for name in list(left):
                machine = bench.sim.world.apps["acme-shop"].machines[name]
                if machine.state != "started" or not machine.config["image"].startswith(IMAGE):
                    up_since.pop(name, None)
                elif anyio.current_time() - up_since.setdefault(name, anyio.current_time()) >= after:
                    bench.sim.act("stop", machine=name, source="proxy")
                    up_since.pop(name)
                    left[name] -= 1
                    if not left[name]:
                        del left[name]

    return watch


def test_stopped_by_the_proxy_before_its_check_passed__is_not_healthy() -> None:
    """Six web machines of which none ever passes its check, and the proxy stops each of them before that is seen."""
    fleet = json.loads(json.dumps(STOPS_ITSELF))
    fleet["machines"] += [{"id": f"5a{index:012}", "region": "nrt", "config": "web"} for index in range(3)]
    web = [m["id"] for m in fleet["machines"] if m["config"] == "web"]
    bench = make_bench(
        manifest=AUTOSTOP,
        fleet=fleet,
        faults={"behaviours": [{"image": "*:v42*", "group": "web", "checks": "never"}]},
    )
    before = as_recorded(bench)
    result = deploy_beside(bench, proxy_stops(bench, *web, after=2.0, times=99))
    assert result.outputs["result"] == "rolled-back", said(bench)
    assert as_recorded(bench) == before


def test_stopped_by_the_proxy_while_its_check_is_awaited__is_started_again_and_gated() -> None:
    bench = make_bench(manifest=AUTOSTOP, fleet=STOPS_ITSELF)
    result = deploy_beside(bench, proxy_stops(bench, WEB[0], after=1.0))
    assert result.outputs["result"] == "deployed", said(bench)
    assert f"machine_start {WEB[0]}" in bench.writes()
    passed = [c.status for c in bench.machines()[WEB[0]].checks.values()]
    assert passed == ["passing"]


@pytest.mark.parametrize(("times", "ends"), [(1, "deployed"), (99, "rolled-back")])
def test_stopped_by_the_proxy_within_its_boot_watch__has_not_stayed_up(times: int, ends: str) -> None:
    bench = make_bench(manifest=AUTOSTOP.replace(CHECKS, ""), fleet=without_checks(STOPS_ITSELF))
    result = deploy_beside(bench, proxy_stops(bench, WEB[0], after=4.0, times=times))
    assert result.outputs["result"] == ends, said(bench)


def test_stopped_by_the_proxy_after_it_has_passed__is_as_it_should_be() -> None:
    bench = make_bench(manifest=AUTOSTOP, fleet=STOPS_ITSELF)
    result = deploy_beside(bench, proxy_stops(bench, WEB[0], after=12.0), max_unavailable=1.0)
    assert result.outputs["result"] == "deployed", said(bench)
    assert bench.machines()[WEB[0]].state == "stopped"


def has_passed(bench: Bench, machine: str) -> bool:
    return any(machine[:8] in line and "healthy" in line for line in bench.console.log)


def once(happened: Callable[[], bool], do: Callable[[], object]) -> Callable[[], Any]:
    async def watch() -> None:
        while not happened():
            await anyio.sleep(0.2)
        do()

    return watch


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ({"act": "checks", "status": "critical", "output": "500"}, "turned critical"),
        ({"act": "exit", "code": 7}, "ended with code 7"),
        ({"act": "destroy"}, "destroyed"),
        ({"act": "state", "state": "failed"}, "failed"),
    ],
)
def test_a_machine_that_passed_and_then_falls__halts_the_later_waves(act: dict[str, Any], why: str) -> None:
    """It passes; while the second is gated, it turns. The third is never touched, and all go back."""
    slow = {"image": "*:v42*", "machine": WEB[1], "check_seconds": 30}
    bench = make_bench(manifest=QUIET, faults={"behaviours": [slow]})
    fall = once(lambda: has_passed(bench, WEB[0]), lambda: bench.sim.act(**act, machine=WEB[0]))
    result = deploy_beside(bench, fall, max_unavailable=1.0)
    assert result.outputs["result"] in ("rolled-back", "halted"), said(bench)
    assert why in said(bench)
    written = [w.split()[1] for w in bench.writes() if w.startswith("machine_update")]
    assert WEB[0] in written
    assert not any(m.config["image"].startswith(IMAGE) for m in bench.groups()["web"])


def test_watching_what_has_passed__adds_no_time() -> None:
    async def story() -> float:
        begun = anyio.current_time()
        await bench.deploy(gate=Gate.NONE)
        return anyio.current_time() - begun

    bench = make_bench(manifest=QUIET, faults={"behaviours": [{"image": "*", "checks": "pass"}]})
    assert virtual(story) < 60


def test_two_services_of_one_port_and_type__give_one_report_that_must_pass() -> None:
    """Fly reports both under one name: waiting for two would wait for ever."""
    second = QUIET.replace(
        "[[mounts]]",
        '[[services]]\n  processes = ["web"]\n  internal_port = 8080\n  protocol = "tcp"\n'
        "  [[services.ports]]\n    port = 8443\n  [[services.http_checks]]\n"
        '    path = "/ready"\n    interval = "5s"\n    timeout = "2s"\n[[mounts]]',
    )
    bench = make_bench(manifest=second)
    assert deploy_beside(bench).outputs["result"] == "deployed", said(bench)


ASKED = "[verify]\nbake = 1\n"
"""A policy: between the return of the leases and the proof there is a moment."""


def as_the_stages_end(**act: Any) -> dict[str, Any]:
    """When the first lease is given back, and before the fleet is read for the proof."""
    return {"rules": [{"operation": "lease_release", "nth": 1, "fault": "act", "acts": [act]}]}


@pytest.mark.parametrize("on_failure", [OnFailure.ROLLBACK, OnFailure.HOLD])
def test_a_failed_proof__rolls_back_like_a_failed_gate(on_failure: OnFailure) -> None:
    """All have passed; before the fleet is read for the proof, the web machines turn critical."""
    turn = as_the_stages_end(act="checks", machine="*", group="web", status="critical", output="500")
    bench = make_bench(manifest=QUIET, faults=turn)
    bench.files["flightplan.toml"] = ASKED
    before = as_recorded(bench)
    result = deploy_beside(bench, on_failure=on_failure)
    if on_failure is OnFailure.HOLD:
        assert result.outputs["result"] == "failed", said(bench)
        assert bench.machines()[WEB[0]].config["image"].startswith(IMAGE)
    else:
        assert result.outputs["result"] == "rolled-back", said(bench)
        assert as_recorded(bench) == before
        assert "should be" in said(bench)
    assert bench.leases() == []


def test_what_somebody_else_did_meanwhile__is_said_by_the_proof_and_not_rolled_back() -> None:
    bench = make_bench(manifest=QUIET, faults=as_the_stages_end(act="clone", machine=WORKERS[0]))
    bench.files["flightplan.toml"] = ASKED
    result = deploy_beside(bench)
    assert result.outputs["result"] == "failed"
    assert "not in the plan" in said(bench)
    assert bench.machines()[WEB[0]].config["image"].startswith(IMAGE)
