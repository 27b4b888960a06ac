"""A job is killed after its last write, before the last gate: the next one sees it through, and is not green over a broken fleet."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate
from tests.bench import Bench, virtual
from tests.severed import Fate, deploy_until_killed, is_request
from tests.shop import WEBS, make_shop

UNGATED: dict[str, Any] = {"gate": Gate.NONE, "wait_timeout": 30.0}
GATED: dict[str, Any] = {}
BAD = {
    "never passes its check": {"group": "web", "checks": "never"},
    "keeps crashing": {"boot": "crash"},
    "ends": {"group": "worker", "boot": "exit"},
}


async def killed_after_the_last_update(bench: Bench, **inputs: Any) -> None:
    """A deploy that dies when the server has executed its last update."""
    left = {*bench.machines()}

    def is_last(_: int, request: httpx.Request) -> bool:
        if request.method == "POST":
            left.discard(request.url.path.rpartition("/")[2])
        return not left

    assert await deploy_until_killed(bench, Fate(at=is_last, executed=True), **inputs), (
        "it never came to that"
    )


@pytest.mark.parametrize("inputs", [UNGATED, GATED], ids=["without a gate", "reviewed"])
@pytest.mark.parametrize("after", [0.5, 60.0])
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_the_new_version_is_broken__no_run_is_green(bad, after, inputs):
    bench = make_shop("immediate", standby=False)

    async def story():
        await bench.plan()
        await killed_after_the_last_update(bench, **inputs)
        bench.sim.act("behave", image="*:v42*", **bad)  # its machines still boot
        await anyio.sleep(after)
        return await bench.deploy(**inputs), await bench.deploy(**inputs)

    first, second = virtual(story)
    assert (first.exit_code, second.exit_code) == (ExitCode.HALTED, ExitCode.HALTED), bench.console.log


@pytest.mark.parametrize("inputs", [UNGATED, GATED], ids=["without a gate", "reviewed"])
def test_the_new_version_is_still_starting__it_is_waited_for(inputs):
    bench = make_shop("immediate", standby=False)

    async def story():
        await bench.plan()
        await killed_after_the_last_update(bench, **inputs)
        ended = await bench.deploy(**inputs)
        live = bench.machines()
        states = {machine: live[machine].state for machine in WEBS}
        await anyio.sleep(60)
        return ended, states, await bench.deploy(**inputs)

    ended, states, again = virtual(story)
    assert ended.outputs["result"] == "deployed", bench.console.log
    assert set(states.values()) == {"started"}
    assert again.outputs["result"] == "nothing-to-do", bench.console.log


def test_it_had_come_up__there_is_nothing_to_do():
    bench = make_shop("immediate", standby=False)

    async def story():
        await killed_after_the_last_update(bench, **UNGATED)
        await anyio.sleep(90)
        return await bench.deploy(**UNGATED)

    assert virtual(story).outputs["result"] == "nothing-to-do", bench.console.log


def test_a_machine_that_breaks_after_a_green_deploy__is_no_reason_to_deploy_again():
    bench = make_shop("immediate", standby=False)

    async def story():
        await bench.deploy(**UNGATED)
        bench.sim.act("behave", image="*:v42*", group="web", checks="never")
        bench.sim.act("exit", machine=WEBS[0])
        await anyio.sleep(60)
        return await bench.deploy(**UNGATED)

    assert virtual(story).outputs["result"] == "nothing-to-do", bench.console.log


def test_it_had_made_a_machine_that_never_comes_up__no_run_is_green():
    bench = make_shop("immediate", standby=False)

    def is_made(_: int, request: httpx.Request) -> bool:
        return is_request(request, "create") and b"fly_process_group" in request.content

    async def story():
        await bench.deploy(**UNGATED)
        bench.files["flightplan.toml"] = "[groups.web]\ncount = 4\n"
        bench.sim.act("behave", image="*:v42*", group="web", checks="never")
        assert await deploy_until_killed(bench, Fate(at=is_made, executed=True), **UNGATED), (
            "it never came to that"
        )
        await anyio.sleep(60)
        webs = {machine.id for machine in bench.groups()["web"]}
        return webs, await bench.deploy(**UNGATED)

    webs, ended = virtual(story)
    assert len(webs) == 4
    assert ended.exit_code is ExitCode.HALTED, bench.console.log
