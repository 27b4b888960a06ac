"""bluegreen with `[verify]`: the app is asked while the old machines are still there, out of routing; a breach gives them the requests back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import anyio
import pytest

from entrypoint.adapters.verify.probe import HttpsProbe
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate, OnFailure
from entrypoint.rollout.leases import TTL
from tests.bench import Bench, as_recorded, virtual
from tests.everywhere import everywhere
from tests.integration.test_verify_stories import App
from tests.samples import schedules
from tests.severed import Fate, deploy_until_killed, killed_after
from tests.shop import NEW, WEBS, cordoned, counts, fewest, images, lost, make_shop

PLANNED = {"web": 3, "worker": 3}
MOST = 360
"""Requests of one such deploy, at most."""
EVERY = 107
"""`make test` takes one of so many."""


def make(
    answer: Callable[[float], int], *, bake: int = 20, policy: str = "", **changes: Any
) -> tuple[Bench, App]:
    """The shop, asked at its own URL; `answer` gets the seconds since the first question."""
    app = App(lambda since: (answer(since), b""))
    verify = f'[verify]\nurl = "https://shop.example/up"\nbake = {bake}\n'
    bench = make_shop("bluegreen", policy=policy + verify, **changes)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["66.241.124.1"]

    bench.probe = HttpsProbe(allow_loopback=False, resolve=resolve, transport=app)
    return bench, app


def deploys(bench: Bench, **inputs: Any) -> Any:
    async def story() -> Any:
        await bench.plan()
        return await bench.deploy(**inputs)

    return virtual(story)


def writes_of(bench: Bench, operation: str) -> list[float]:
    return [e.at for e in bench.sim.journal.entries if e.operation == operation and e.status == 200]


def test_right_answers__it_is_asked_between_the_cordons_and_the_end_of_the_old_machines() -> None:
    bench, app = make(lambda _: 200)
    planned = virtual(bench.plan)
    assert planned.outputs["result"] == "planned"
    assert bench.planned.index("cordon the old machines") < bench.planned.index(
        "ask `https://shop.example/up`"
    )
    assert bench.planned.index("ask `https://shop.example/up`") < bench.planned.index(
        "nothing is rolled back"
    )
    result = virtual(bench.deploy)
    assert result.outputs["result"] == "deployed", bench.console.log
    assert max(writes_of(bench, "machine_cordon")) + 10 <= app.asked[0]
    assert app.asked[-1] < min(writes_of(bench, "machine_stop"))
    assert app.asked[-1] - app.asked[0] < 30, "asked again at the end"
    assert counts(bench) == PLANNED
    assert images(bench) == {NEW}
    assert (cordoned(bench), bench.leases()) == (set(), [])
    assert (fewest(bench), lost(bench)) == (3, [])


@pytest.mark.parametrize("after", [0, 15])
def test_a_breach__the_old_machines_get_requests_again_first__and_the_new_ones_go(after: int) -> None:
    bench, _ = make(lambda since: 500 if since >= after else 200)
    before = as_recorded(bench)
    result = deploys(bench)
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.HALTED, "rolled-back"), bench.console.log
    assert as_recorded(bench) == before
    assert (cordoned(bench), bench.leases()) == (set(), [])
    assert (fewest(bench), lost(bench)) == (3, [])
    assert "6 old machines get requests again." in bench.told
    assert not any("flightplan_cordon" in m.config["metadata"] for m in bench.machines().values())


def test_a_breach__a_persons_cordon_stays() -> None:
    bench, _ = make(lambda _: 500)

    async def story() -> Any:
        bench.sim.act("cordon", machine=WEBS[0])
        await bench.plan()
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert cordoned(bench) == {WEBS[0]}
    assert "flightplan_cordon" not in bench.machines()[WEBS[0]].config["metadata"]


def test_killed_while_it_is_asked__the_next_run_asks_again__and_a_breach_still_undoes_it_all() -> None:
    bench, _ = make(lambda _: 500)
    before = as_recorded(bench)

    async def story() -> Any:
        await bench.plan()
        await killed_after(bench, "cordon", 6)
        await anyio.sleep(TTL + 1)
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "rolled-back", bench.console.log
    assert as_recorded(bench) == before
    assert (cordoned(bench), bench.leases()) == (set(), [])
    assert (fewest(bench), lost(bench)) == (3, [])


def test_killed_once_a_persons_machine_is_marked__that_cordon_stays_with_its_successor() -> None:
    bench, _ = make(lambda _: 200)

    async def story() -> Any:
        bench.sim.act("cordon", machine=WEBS[0])
        await bench.plan()
        await killed_after(bench, "cordon", 6)
        await anyio.sleep(TTL + 1)
        return await bench.deploy()

    result = virtual(story)
    assert result.outputs["result"] == "deployed", bench.console.log
    assert counts(bench) == PLANNED
    assert len(cordoned(bench)) == 1


def test_an_old_machine_that_cannot_come_back__the_new_ones_of_its_group_serve_on() -> None:
    stuck = {
        "operation": "machine_uncordon",
        "machine": WEBS[0],
        "fault": "answer",
        "status": 400,
        "times": 99,
    }
    bench, _ = make(lambda _: 500, faults={"rules": [stuck]})
    result = deploys(bench)
    assert result.outputs["result"] == "halted", bench.console.log
    assert "only partly rolled back" in bench.told
    assert len([m for m in bench.groups()["web"] if m.id not in WEBS and not m.cordoned]) == 3
    assert len(bench.groups()["worker"]) == 3
    assert fewest(bench) == 3
    assert WEBS[0] in bench.told


def test_hold__leaves_both_and_says_so() -> None:
    bench, _ = make(lambda _: 500)
    result = deploys(bench, on_failure=OnFailure.HOLD, gate=Gate.NONE)
    assert result.outputs["result"] == "halted"
    assert (
        "The new machines get all requests; 6 cordoned old machines are still to be destroyed."
        in bench.console.summaries[-1]
    )
    assert fewest(bench) == 3


def test_cancelled_while_it_is_asked__goes_on_where_it_stopped() -> None:
    bench, app = make(lambda _: 200, bake=600)

    async def story() -> Any:
        stop, results = anyio.Event(), []
        await bench.plan()

        async def run() -> None:
            results.append(await bench.deploy(stop=stop))

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            while not app.asked:  # nothing says when
                await anyio.sleep(0.5)
            begun = anyio.current_time()
            stop.set()
        took, leases = anyio.current_time() - begun, bench.leases()
        return results[0], took, leases, await bench.deploy()

    result, took, leases, again = virtual(story)
    assert result.outputs["result"] == "cancelled"
    assert took < 7
    assert leases == []
    assert again.outputs["result"] == "deployed", bench.console.log
    assert counts(bench) == PLANNED
    assert (fewest(bench), lost(bench)) == (3, [])


@pytest.mark.parametrize("answer", [200, 500])
@pytest.mark.parametrize(("at", "executed"), schedules(MOST, one_in=2 * EVERY + 1))
def test_killed_at_request__a_rerun_converges(at: int, executed: bool, answer: int) -> None:
    tell(answer, Fate(at=lambda seen, _: seen == at, executed=executed))


@pytest.mark.every
@pytest.mark.timeout(0)
@pytest.mark.parametrize("answer", [200, 500])
def test_killed_at_every_request__a_rerun_converges(answer: int) -> None:
    print(everywhere(partial(tell, answer)), "schedules with the answer", answer)


def tell(answer: int, fate: Fate) -> None:
    bench, _ = make(lambda _: answer, bake=5)
    before = as_recorded(bench)

    async def story() -> Any:
        await bench.plan()
        await deploy_until_killed(bench, fate)
        await anyio.sleep(TTL + 1)
        return await bench.deploy()

    rerun = virtual(story)
    assert cordoned(bench) == set()
    assert bench.leases() == []
    assert (fewest(bench), lost(bench)) == (3, [])
    assert counts(bench) == PLANNED
    if answer == 200:
        assert rerun.exit_code is ExitCode.DONE, bench.console.log
        assert images(bench) == {NEW}
    elif rerun.outputs["result"] == "rolled-back":
        assert as_recorded(bench) == before


@pytest.mark.parametrize("nth", range(2, 6))
def test_a_new_machine_whose_cordon_is_refused_in_a_rollback__is_drained_all_the_same(nth: int) -> None:
    """The refusal before it has halted the switch."""
    refused = {"operation": "machine_cordon", "nth": nth, "times": 2, "fault": "answer", "status": 422}
    bench, _ = make(lambda _: 200, faults={"rules": [refused]})
    assert deploys(bench).outputs["result"] == "rolled-back", bench.console.log
    assert lost(bench) == []
    assert counts(bench) == PLANNED
    assert cordoned(bench) == set()
