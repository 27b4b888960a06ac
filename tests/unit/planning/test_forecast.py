"""How long a deploy is likely to take: by what this fleet's machines took, else by its settings; side by side is the longest, one after the other the sum."""

from __future__ import annotations

from typing import Any

from entrypoint.fleet.model import CheckStatus, Machine
from entrypoint.planning.model.forecast import Forecast, Seconds
from entrypoint.planning.model.plan import Plan
from entrypoint.report.plan.forecasts import duration, span
from tests.unit.planning.kit import machine, plan

WORKER = '[processes]\nworker = "bin/worker"\n'
HTTP = '[processes]\nweb = "bin/web"\n[http_service]\ninternal_port = 8080\nauto_stop_machines = "off"\nprocesses = ["web"]\n'
CHECK = '[[http_service.checks]]\ninterval = "20s"\ntimeout = "2s"\ngrace_period = "30s"\npath = "/up"\n'


def found(made: Plan) -> Forecast:
    assert made.forecast is not None
    return made.forecast


def checked(id_: str, *, boot: float | None, passed: float, group: str = "web", **changes: Any) -> Machine:
    """A machine that took so many seconds to boot, and to pass its check."""
    start = 1_790_000_000_000
    check = CheckStatus(name="up", status="passing", updated_at=start + int(passed * 1000))
    return machine(id_, group, boot_seconds=boot, last_start=start, checks=(check,), **changes)


def test_nothing_to_do__takes_no_time() -> None:
    made = plan(WORKER, machine("a", "worker"), ref=None)
    assert (found(made).stages, duration(made)) == ((), "")


def test_what_the_fleet_took_the_last_time() -> None:
    made = found(plan(HTTP + CHECK, checked("a", boot=3.0, passed=7.0)))
    assert made.measured
    assert made.stages[0].likely == 2 + 3 + 7
    assert made.stages[0].high == 6 + 1.5 * (3 + 7)


def test_without_a_past__the_settings_of_the_checks() -> None:
    made = found(plan(HTTP + CHECK, machine("a")))
    assert not made.measured
    assert made.stages[0].likely == 2 + 4 + 30 + 20 / 2
    assert made.stages[0].low == 0.5 + 1 + 30


def test_a_machine_without_checks__is_watched() -> None:
    made = found(plan(WORKER, machine("a", "worker", boot_seconds=1.0)))
    assert made.stages[0].likely == 2 + 1 + 10


def test_waves__one_after_the_other() -> None:
    one = found(plan(HTTP + CHECK, checked("a", boot=3, passed=7)))
    many = [checked(f"m{n}", boot=3, passed=7) for n in range(3)]
    three = found(plan(HTTP + CHECK, *many, max_unavailable=1.0))
    assert three.stages[0].likely == 3 * one.stages[0].likely
    at_once = found(plan(HTTP + CHECK, *many, max_unavailable=2.0))
    assert at_once.stages[0].likely == 2 * one.stages[0].likely


def test_the_second_boot_watch__runs_beside_the_next_wave() -> None:
    many = [machine(f"m{n}", "worker", boot_seconds=1.0) for n in range(3)]
    made = found(plan(WORKER, *many, max_unavailable=1.0))
    assert made.stages[0].likely == 3 * (2 + 1) + 2 * 10


def test_groups__side_by_side() -> None:
    text = '[processes]\nslow = "a"\nquick = "b"\n'
    made = found(plan(text, machine("a", "slow", boot_seconds=50.0), machine("b", "quick", boot_seconds=1.0)))
    assert made.stages[0].likely == 2 + 50 + 10


def test_an_accident_is_no_habit() -> None:
    made = found(plan(HTTP + CHECK, checked("a", boot=601, passed=601)))
    assert not made.measured


def test_a_check_that_fails__tells_nothing() -> None:
    failing = CheckStatus(name="up", status="critical", updated_at=1_790_000_001_000)
    made = found(plan(HTTP + CHECK, machine("a", last_start=1_790_000_000_000, checks=(failing,))))
    assert not made.measured


def test_creates__come_one_a_second() -> None:
    made = found(plan(WORKER, machine("a", "worker", boot_seconds=1.0), scale="worker=5"))
    without_queue = 2 * (2 + 1 + 10) + 13 - 10
    assert made.stages[0].likely >= without_queue + 2


def test_a_release_command__is_not_guessed() -> None:
    text = WORKER + '[deploy]\nrelease_command = "bin/migrate"\n'
    made = plan(text, machine("a", "worker"))
    assert duration(made).endswith(" and the release command")


def test_the_bake_counts() -> None:
    quiet = found(plan(WORKER, machine("a", "worker")))
    baked = found(plan(WORKER, machine("a", "worker"), policy_text="[verify]\nbake = 60\n"))
    assert baked.total.likely == quiet.total.likely + 60


def test_words() -> None:
    assert span(Seconds(low=28, likely=31, high=40)) == "about 30 s"
    assert span(Seconds(low=5, likely=31, high=124)) == "about 30 s (5 s to 2 min 5 s)"
