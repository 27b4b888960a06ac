"""What a deploy costs beyond what the platform takes, on virtual time: exact, whatever else this computer does.

The figures of tests/benchmarks/rollouts, held: wall clock to critical path, requests a machine, answers waited for before the first write.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from entrypoint.kernel.run import Gate
from tests.bench import make_bench, virtual
from tests.benchmarks.rollouts.cases import Case
from tests.benchmarks.rollouts.virtual import run_virtual
from tests.samples import some

LIMITS = {
    Case(machines=1): 1.1,
    Case(machines=10): 1.05,
    Case(machines=10, groups=4): 1.06,
    Case(machines=10, boot="slow"): 1.03,
    Case(machines=10, strategy="immediate"): 1.1,
    Case(machines=10, strategy="canary"): 1.05,
    Case(machines=10, strategy="bluegreen"): 1.05,
    Case(machines=60): 1.05,
}


@pytest.mark.parametrize("case", some(LIMITS, one_in=2))
def test_a_deploy_takes_little_more_than_the_platform_does(case: Case) -> None:
    figures, _ = run_virtual(case)
    assert figures.ratio <= LIMITS[case]
    assert figures.rounds == pytest.approx(3.0, abs=0.05), "observe; lock and leases; look again"


@pytest.mark.parametrize("machines", some([10, 60], one_in=2))
def test_each_machine_costs_four_requests(machines: int) -> None:
    """Lease, update, one wait, release; what its checks say is in a list that it shares with its wave, and so is the proof. Only the first
    machine, which is alone, is read itself.
    """
    figures, bench = run_virtual(Case(machines=machines))
    assert figures.requests <= 4.5
    assert figures.lists <= 7
    per_machine = Counter(e.machine for e in bench.sim.journal.entries if e.machine)
    assert sorted(per_machine.values())[machines // 2] == 4
    assert [e for e in bench.sim.journal.entries if e.status == 429] == []


def test_the_end__costs_one_round() -> None:
    """Where the last gate's list proves all machines, the release record is closed while the leases are given back."""
    _, bench = run_virtual(Case(machines=10, strategy="immediate"))
    find = bench.sim.journal.find
    assert {e.at for e in find("lease_release")} == {find("release_update")[-1].at}


def test_a_release_record_that_is_closed_slowly__keeps_neither_the_lock_nor_the_leases() -> None:
    slow = {"operation": "release_update", "nth": 2, "times": 9, "fault": "slow", "delay": 30.0}
    bench = make_bench(faults={"rules": [slow]})
    assert virtual(lambda: bench.deploy(gate=Gate.NONE)).outputs["result"] == "deployed"
    find = bench.sim.journal.find
    given_back = [*find("lease_release"), *(e for e in find("machine_destroy") if e.query)]
    assert len(given_back) > 3
    assert max(e.at for e in given_back) < find("release_update")[1].at + 0.5


def test_under_the_gate__github_is_asked_beside_and_the_first_write_is_as_early() -> None:
    figures, _ = run_virtual(Case(machines=3), gate=Gate.REVIEWED)
    assert figures.rounds == pytest.approx(4.0, abs=0.05), (
        "what the image says of its commit is a question more; GitHub takes longer"
    )


@pytest.mark.thorough
def test_lists_keep_to_flys_limits_when_checks_take_their_time() -> None:
    """Forty machines whose checks pass one after the other: a list a second at most."""
    case = Case(machines=40, strategy="immediate")
    fleet = case.fleet()
    fleet["behaviours"] = [
        {"machine": row["id"], "check_seconds": 1.0 + 0.3 * place}
        for place, row in enumerate(fleet["machines"])
    ]
    figures, bench = run_virtual(case, fleet=fleet)
    lists = [e.at for e in bench.sim.journal.entries if e.operation == "machine_list"]
    assert all(later - earlier >= 1.0 for earlier, later in zip(lists, lists[3:], strict=False))
    assert len(lists) <= figures.wall + 5
    assert figures.requests <= 4.2
    assert json.dumps(bench.console.log).count("healthy") == 40
