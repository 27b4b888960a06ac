"""Gates against servers with manners of their own: no events, early waits, lagging replicas, silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio.lowlevel
import pytest

from entrypoint.fleet.errors import Unavailable
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import Version
from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.rollout.boot import watch_boot
from entrypoint.rollout.expectation import Expectation, HealthGateFailed
from entrypoint.rollout.gate import pass_gate, settle
from entrypoint.rollout.gone import wait_gone
from tests.unit.rollout.strange import ID, Strange, at, exited, rows, seen, virtual

BOOT = HealthGate(kind=GateKind.BOOT, label="boot", timeout=60)
CHECKS = HealthGate(kind=GateKind.CHECKS, checks=("c0",), label="http /up", timeout=60)
REST = HealthGate(kind=GateKind.REST, timeout=60)
WROTE: dict[str, Json] = {"image": "shop:v2", "metadata": {"flightplan_plan": "p"}}
OURS = Expectation(machine=ID, version=Version("new"), previous=Version("old"), wrote=WROTE)
PROXIED: dict[str, Json] = {**WROTE, "services": [{"autostop": True}]}


def outcome(
    server: Strange, gate: HealthGate = BOOT, *, expected: Expectation = OURS
) -> tuple[Machine | None, str, float]:
    """The machine that passed, or why it did not; and after how many seconds."""

    async def story() -> tuple[Machine | None, str, float]:
        server.now()
        try:
            passed = await pass_gate(server, expected, gate, report=lambda _: None, wake=server.wake)
        except HealthGateFailed as failure:
            return None, failure.why, server.now()
        return passed, "", server.now()

    return virtual(story)


def fails(part: Callable[[], Awaitable[object]]) -> str:
    async def story() -> str:
        with pytest.raises(HealthGateFailed) as failure:
            await part()
        return failure.value.why

    return virtual(story)


@pytest.mark.parametrize("waits", ["at once", "never"])
def test_a_machine_that_is_shown_stopped_while_it_is_replaced__passes(waits: str) -> None:
    server = at((0, seen("stopped")), (6, seen("starting")), (9, seen()), waits=waits)
    passed, why, _ = outcome(server)
    assert why == ""
    assert passed is not None


def test_a_machine_that_rests_for_good__fails_soon_and_not_after_the_whole_timeout() -> None:
    passed, why, took = outcome(at((0, seen("stopped")), waits="at once"))
    assert passed is None
    assert "does not show why" in why
    assert took < 20


def test_an_exit_of_its_own__fails_at_once() -> None:
    _, why, took = outcome(at((0, seen("stopped", last_exit=exited(3))), waits="at once"))
    assert "code 3" in why
    assert took <= 2


def test_exits_of_the_version_before__do_not_count() -> None:
    old = exited(1, restarting=True, restart_count=9, timestamp=500)
    server = at((0, seen("starting", last_exit=old)), (5, seen(last_exit=old)), waits="at once")
    passed, why, _ = outcome(server, expected=replace(OURS, since=500))
    assert (passed is not None, why) == (True, "")
    _, why, _ = outcome(at((0, seen("starting", last_exit=old)), waits="at once"), expected=OURS)
    assert "keeps crashing" in why


def test_a_server_that_counts_the_version_up_again__is_followed() -> None:
    again = seen(version=Version("newer"))
    passed, why, _ = outcome(at((0, seen("starting")), (3, again), waits="at once"))
    assert why == ""
    assert passed is not None
    assert passed.version == "newer"


@pytest.mark.parametrize(
    "config",
    [
        {**WROTE, "env": {"BY": "HAND"}},
        {**WROTE, "image": "shop:v3"},
        {"image": "shop:v2", "metadata": {"flightplan_plan": "another"}},
        {"image": "shop:v2"},
    ],
)
def test_another_version_of_another_config__is_somebody_else(config: dict[str, object]) -> None:
    foreign = seen(version=Version("foreign"), config=config)
    assert "somebody else" in outcome(at((0, foreign), waits="at once"))[1]
    assert "somebody else" in outcome(at((0, seen()), (2, foreign), waits="at once"), CHECKS)[1]


def test_a_replica_that_still_shows_the_old_version__proves_nothing() -> None:
    old = seen(version=Version("old"), checks=rows("passing"))
    server = at((0, old), (4, seen()), (6, old), (8, seen(checks=rows("passing"))), waits="at once")
    passed, why, took = outcome(server, CHECKS)
    assert why == ""
    assert passed is not None
    assert passed.version == "new"
    assert took >= 8


def test_checks_that_never_appear__fail_after_their_time() -> None:
    _, why, took = outcome(at((0, seen())), CHECKS)
    assert "none of its 1 checks reported" in why
    assert took >= 60


def test_a_report_that_is_missing__is_not_passed() -> None:
    gate = replace(CHECKS, checks=("c0", "c1"))
    passed, why, took = outcome(at((0, seen(checks=rows("passing")))), gate)
    assert passed is None
    assert "never passed http /up" in why
    assert took >= 60


def test_as_many_reports_under_other_names__count_if_they_keep_passing() -> None:
    gate = replace(CHECKS, checks=("x0", "x1"))
    passed, _, took = outcome(at((0, seen(checks=rows("passing", "passing")))), gate)
    assert passed is not None
    assert 10 <= took < 40
    flapping = [
        (float(t), seen(checks=rows("passing", "passing" if t % 4 else "critical"))) for t in range(120)
    ]
    assert "never passed http /up" in outcome(at(*flapping, waits="at once"), gate)[1]


def test_a_report_from_before_its_last_start__is_of_the_run_before() -> None:
    stale = (replace(rows("passing")[0], updated_at=10_000),)
    fresh = (replace(rows("passing")[0], updated_at=30_000),)
    server = at((0, seen(checks=stale, last_start=20_000)), (9, seen(checks=fresh, last_start=20_000)))
    passed, why, took = outcome(server, CHECKS)
    assert (passed is not None, why) == (True, "")
    assert took >= 9


def test_a_crash_while_its_checks_run__fails_and_tells_what_the_checks_said() -> None:
    broken = seen("failed", checks=rows("critical"))
    assert "failed to start" in outcome(at((0, seen()), (5, broken), waits="at once"), CHECKS)[1]


def test_stopped_by_the_proxy_before_its_checks_passed__is_started_again_and_gated() -> None:
    up, idle = seen(config=PROXIED), seen("stopped", config=PROXIED)
    healthy = seen(config=PROXIED, checks=rows("passing"))
    ours = replace(OURS, wrote=PROXIED)
    server = at((0, up), (5, idle), waits="at once", woken=[(0, up), (4, healthy)])
    passed, why, took = outcome(server, CHECKS, expected=ours)
    assert (passed is not None, why) == (True, "")
    assert server.calls.count("wake") == 1
    assert took >= 9


def test_stopped_by_the_proxy_again_and_again__is_not_healthy() -> None:
    up, idle = seen(config=PROXIED), seen("stopped", config=PROXIED)
    for gate in (CHECKS, BOOT):
        server = at((0, idle), waits="at once", woken=[(0, idle)])
        passed, why, _ = outcome(server, gate, expected=replace(OURS, wrote=PROXIED))
        assert passed is None
        assert "did not start" in why
    server = at((0, up), (5, idle), waits="at once", woken=[(0, idle)])
    passed, why, _ = outcome(server, CHECKS, expected=replace(OURS, wrote=PROXIED))
    assert passed is None
    assert "the proxy stopped it again and again" in why


def test_a_boot_watch__begins_anew_when_the_proxy_stops_the_machine() -> None:
    up, idle = seen(config=PROXIED), seen("stopped", config=PROXIED)

    async def story(server: Strange) -> float:
        server.now()
        await watch_boot(server, replace(OURS, wrote=PROXIED), timeout=60, wake=server.wake)
        return server.now()

    assert virtual(lambda: story(at((0, up), (6, idle), waits="at once", woken=[(0, up)]))) >= 16
    asleep = at((0, up), (6, idle), waits="at once", woken=[(0, up), (5, idle)])
    assert "again and again" in fails(lambda: story(asleep))


def test_silence_shorter_than_the_gate__costs_time_only() -> None:
    server = at((0, seen("starting")), (30, seen(checks=rows("passing"))), silent=(2, 40))
    passed, why, took = outcome(server, CHECKS)
    assert (passed is not None, why) == (True, "")
    assert took >= 40


def test_silence_for_good__is_said_as_such() -> None:
    async def story() -> None:
        with pytest.raises(Unavailable):
            await pass_gate(
                at((0, seen()), silent=(0, 999)),
                OURS,
                BOOT,
                report=lambda _: None,
                wake=anyio.lowlevel.checkpoint,
            )

    virtual(story)


def test_somebody_destroyed_it() -> None:
    assert "destroyed it" in outcome(at((0, seen("starting")), (3, None), waits="at once"))[1]


@pytest.mark.parametrize("waits", ["at once", "never"])
def test_a_boot_watch__lasts_ten_seconds_whatever_wait_says(waits: str) -> None:
    server = at((0, seen()), waits=waits)

    async def story() -> float:
        server.now()
        await watch_boot(server, OURS, timeout=60, wake=server.wake)
        return server.now()

    assert virtual(story) >= 10


@pytest.mark.parametrize(
    ("fallen", "why"),
    [
        (seen("stopped"), "does not show why"),
        (seen("stopped", last_exit=exited(2)), "code 2"),
        (seen(last_exit=exited(9, restarting=True)), "code 9"),
        (seen("failed"), "failed to start"),
        (seen(version=Version("foreign"), config={"image": "x"}), "somebody else"),
        (None, "destroyed it"),
    ],
)
@pytest.mark.parametrize("waits", ["at once", "never"])
def test_what_falls_over_during_the_watch__is_noticed(fallen: Machine | None, why: str, waits: str) -> None:
    server = at((0, seen()), (8, fallen), waits=waits)
    server.begun = 0.0
    assert why in fails(lambda: watch_boot(server, OURS, timeout=60, wake=server.wake))


def test_settling__takes_running_and_resting_alike_and_waits_for_the_new_version() -> None:
    old = seen(version=Version("old"))
    for state in ("started", "stopped", "suspended", "created", "failed"):
        server = at((0, old), (2, seen("replacing")), (6, seen(state)), waits="at once")
        passed, why, took = outcome(server, REST)
        assert (passed is not None, why) == (True, "")
        assert took >= 6
    assert "did not settle" in outcome(at((0, seen("replacing"))), REST)[1]
    assert "destroyed" in outcome(at((0, seen("destroyed"))), REST)[1]


def test_gone__by_404_or_on_its_way_out() -> None:
    async def story() -> None:
        await wait_gone(at((0, seen()), (3, None), waits="at once"), ID, timeout=30)
        await wait_gone(at((0, seen()), (3, seen("destroying")), waits="at once"), ID, timeout=30)
        await wait_gone(at((0, seen()), (20, None), silent=(0, 19)), ID, timeout=30)

    virtual(story)
    assert "was not destroyed" in fails(lambda: wait_gone(at((0, seen())), ID, timeout=30))


def test_a_wait_is_never_a_busy_loop() -> None:
    server = at((0, seen("replacing")), waits="at once")
    with pytest.raises(HealthGateFailed):
        virtual(lambda: settle(server, OURS, timeout=30))
    assert len(server.calls) <= 2 * 32


def test_progress__is_reported_when_it_changes_and_only_then() -> None:
    told: list[str] = []
    two = replace(CHECKS, checks=("c0", "c1"))
    server = at(
        (0, seen()),
        (4, seen(checks=rows("warning", "warning"))),
        (9, seen(checks=rows("passing", "warning"))),
        (14, seen(checks=rows("passing", "passing"))),
        waits="at once",
    )

    async def story() -> None:
        await pass_gate(server, OURS, two, report=told.append, wake=server.wake)

    virtual(story)
    assert told == ["started", "0/2 checks", "1/2 checks", "2/2 checks"]


def test_a_machine_that_is_starting_at_the_end__was_not_stopped_by_the_proxy() -> None:
    server = at((0, seen()), (50, seen("starting")), waits="at once")
    _, why, _ = outcome(server, CHECKS)
    assert why == "none of its 1 checks reported within 60 s"
