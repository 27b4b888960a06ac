"""What an app costs a month, before and after: what rests is a range, what is not in the table is unknown, volumes count attached or not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.cost import Cost, Price
from entrypoint.planning.model.plan import Plan
from entrypoint.report.plan.costs import basis, cost_rows, cost_words, delta_words
from tests.unit.planning.kit import machine, plan, volume

WORKER = '[processes]\nworker = "bin/worker"\n'
STOPPED_BY_PROXY = (
    '[http_service]\ninternal_port = 8080\nauto_stop_machines = "stop"\nauto_start_machines = true\n'
)
SMALL = "2.28"
"""shared-cpu-1x with 256 MB in ams: 2.19 × 1.038461538, before it is rounded."""


def cost(made: Plan) -> Cost:
    assert made.cost is not None
    return made.cost


def cents(price: Price) -> tuple[str, str]:
    return (f"{price.low:.2f}", f"{price.high:.2f}")


def test_a_machine_that_runs() -> None:
    made = cost(plan(WORKER, machine("a", "worker")))
    assert cents(made.before) == cents(made.after) == (SMALL, SMALL)
    assert (cost_words(made), delta_words(made)) == ("$2.28 a month", "")


def test_a_size_that_grows__is_a_difference_to_the_cent() -> None:
    made = cost(plan(f'{WORKER}[[vm]]\nsize = "performance-1x"\n', machine("a", "worker", region="iad")))
    assert cost_words(made) == "$2.19 → $33.00 a month"
    assert delta_words(made) == "+$30.81 a month"


def test_what_rests__costs_nothing_or_all() -> None:
    made = cost(plan(WORKER, machine("a", "worker"), machine("b", "worker", state="stopped")))
    assert cents(made.before) == cents(made.after) == (SMALL, "4.56")


@pytest.mark.parametrize(("least", "low"), [(0, "0.00"), (1, SMALL), (5, "4.56")])
def test_what_the_proxy_stops__costs_at_least_what_it_keeps_running(least: int, low: str) -> None:
    text = f"{STOPPED_BY_PROXY}min_machines_running = {least}\n"
    made = cost(plan(text, machine("a", "app"), machine("b", "app")))
    assert cents(made.after) == (low, "4.56")


def test_start_true__makes_it_run() -> None:
    asleep = machine("a", "worker", state="stopped")
    made = cost(plan(WORKER, asleep, policy_text="[groups.worker]\nstart = true\n"))
    assert (cents(made.before), cents(made.after)) == (("0.00", SMALL), (SMALL, SMALL))
    assert delta_words(made) == "up to +$2.28 a month"


def test_a_machine_that_goes_and_one_that_comes() -> None:
    gone = cost(plan(WORKER, machine("a", "worker"), machine("b", "legacy")))
    assert [(row.name, cents(row.after)[1]) for row in gone.groups] == [("worker", SMALL), ("legacy", "0.00")]
    assert delta_words(gone) == "−$2.28 a month"
    more = cost(plan(WORKER, machine("a", "worker"), scale="worker=3"))
    assert delta_words(more) == "+$4.56 a month"


def test_a_region_without_a_price__is_unknown_and_never_guessed() -> None:
    made = cost(plan(WORKER, machine("a", "worker"), machine("b", "worker", region="bom")))
    assert (made.after.unknown, cents(made.after)) == (1, (SMALL, SMALL))
    assert cost_words(made) == "$2.28 a month, and 1 machine of unknown price"
    assert [row[3] for row in cost_rows(made)] == ["unknown", "unknown"]
    alone = cost(plan(WORKER, machine("b", "worker", region="bom")))
    assert cost_words(alone) == ""


def test_volumes__cost_attached_or_not() -> None:
    free = volume("vol_free")
    made = cost(plan(WORKER, machine("a", "worker"), volumes=(free,)))
    assert (made.volumes.before.high, made.volumes.after.high) == (Decimal("0.15"), Decimal("0.15"))


def test_a_volume_that_is_made__costs_from_then_on() -> None:
    text = WORKER + '[mounts]\nsource = "data"\ndestination = "/data"\ninitial_size = "10gb"\n'
    made = cost(plan(text, status="pending"))
    assert (made.volumes.before.high, made.volumes.after.high) == (Decimal(0), Decimal("1.50"))


@pytest.mark.parametrize(("today", "old"), [(date(2026, 12, 30), False), (date(2026, 12, 31), True)])
def test_prices_of_more_than_ninety_days__say_so(today: date, old: bool) -> None:
    said = basis(cost(plan(WORKER, machine("a", "worker"))), today=today)
    assert said.startswith("Fly's list prices of 1 October 2026")
    assert ("more than 90 days old" in said) is old


def test_a_volume_that_grows_and_an_address_of_its_own() -> None:
    mounted = machine(
        "a", "worker", config={"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]}
    )
    text = WORKER + '[mounts]\nsource = "data"\ndestination = "/data"\n'
    grown = '[groups.worker]\nvolume_size = "5gb"\n'
    made = cost(plan(text, mounted, volumes=(volume("vol_1", attached="a"),), policy_text=grown))
    assert (made.volumes.before.high, made.volumes.after.high) == (Decimal("0.15"), Decimal("0.75"))
    first = plan(STOPPED_BY_PROXY, status="pending", policy_text='[network]\naddresses = "dedicated"\n')
    assert cost(first).addresses.after.high == 2


def test_a_canary__costs_nothing_a_month() -> None:
    made = cost(plan(WORKER, machine("a", "worker"), strategy=Strategy.CANARY))
    assert cents(made.after) == cents(made.before)


def test_a_price_that_is_not_known__is_no_saving() -> None:
    text = WORKER + '[[vm]]\nsize = "a10"\n'
    made = cost(plan(text, machine("a", "worker"), machine("b", "worker")))
    assert delta_words(made) == "cost change unknown"
    assert delta_words(cost(plan(WORKER, machine("a", "worker", region="bom"), machine("b", "worker")))) == ""


def test_a_difference__is_told_in_percent_too() -> None:
    more = cost(plan(WORKER, machine("a", "worker"), machine("b", "worker"), scale="worker=3"))
    assert [row[3] for row in cost_rows(more)] == ["+$2.28 (+50 %)", "+$2.28 (+50 %)"]
    gone = cost(plan(WORKER, machine("a", "worker"), machine("b", "legacy")))
    assert [row[3] for row in cost_rows(gone)] == ["–", "−$2.28", "−$2.28 (−50 %)"]
