"""Whole deploys under what others inject on the real Fly: the faults F24 to F32 of the simulator's table."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import AllowDestroy
from entrypoint.rollout.leases import LOOK_EVERY, REFRESH_EVERY
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, make_bench, virtual
from tests.integration.test_open_points import OTHER
from tests.simulator.state.traffic import find_fewest

WEB = [m["id"] for m in FLEET["machines"] if m["config"] == "web"]
WORKERS = [m["id"] for m in FLEET["machines"] if m["config"] == "worker"]
NO_WORKERS = MANIFEST.replace('  worker = "bin/worker --queue default"\n', "")


pytestmark = pytest.mark.parametrize(
    "way",
    [
        pytest.param({}, id="defaults"),
        pytest.param(OTHER, id="every-open-point-the-other-way", marks=pytest.mark.thorough),
    ],
)


def make(way: dict[str, Any], *, switches: dict[str, Any] | None = None, **faults: Any) -> dict[str, Any]:
    """A fault file; the other way reads lag too."""
    return {
        "switches": {**way, **(switches or {})},
        "replica_lag": 2.0 if way else 0.0,
        **faults,
    }


def deployed(bench: Bench, **changes: Any) -> tuple[Any, str]:
    """Plan and deploy; the result, and all that was said."""

    async def story() -> Any:
        await bench.plan(**changes)
        return await bench.deploy(**changes)

    result = virtual(story)
    return result, "\n".join([*bench.console.log, *(c.body for c in bench.github.world.comments.values())])


def refreshes(bench: Bench, machine: str) -> list[float]:
    return [e.at for e in bench.sim.journal.find("lease_refresh") if e.machine == machine]


def held(bench: Bench, machine: str) -> list[float]:
    """When its lease was taken, renewed and given back."""
    calls = ("lease_acquire", "lease_refresh", "lease_release")
    return sorted(e.at for call in calls for e in bench.sim.journal.find(call) if e.machine == machine)


def test_renewals_of_one_machine_are_held_a_minute__and_the_deploy_ends_well(way):
    slow = {"operation": "lease_refresh", "machine": WEB[0], "fault": "slow", "delay_after": 60}
    bench = make_bench(faults=make(way, rules=[slow]))

    result, said = deployed(bench)

    assert result.exit_code is ExitCode.DONE, said
    assert bench.leases() == []
    assert refreshes(bench, WEB[0])
    assert max(b - a for a, b in pairwise(held(bench, WEB[1]))) < REFRESH_EVERY + LOOK_EVERY


@pytest.mark.parametrize("ends", ["slow", "drop"])
def test_answers_to_writes_are_held_for_minutes__and_nothing_is_written_twice(way, ends):
    held = {"operation": "machine_update", "nth": 2, "fault": ends, "delay_after": 180}
    created = {"operation": "machine_create", "nth": 1, "fault": ends, "delay_after": 180}
    bench = make_bench(faults=make(way, rules=[held, created]))

    result, said = deployed(bench)

    assert result.exit_code is ExitCode.DONE, said
    machines = [m for found in bench.groups().values() for m in found]
    assert len(machines) == 8
    assert {len(m.versions) for m in machines} <= {1, 2}
    assert bench.leases() == []


@pytest.mark.parametrize("lists", [2, None])
def test_what_a_lost_answer_made_is_missing_from_the_lists__and_is_not_made_again(way, lists):
    hidden = {
        "operation": "machine_list",
        "nth": 3,
        "fault": "hide",
        "rows": "mailer-*",
        "times": lists or 999,
    }
    lost = {"operation": "machine_create", "group": "mailer", "nth": 1, "fault": "drop"}
    bench = make_bench(faults=make(way, rules=[hidden, lost]))

    _, said = deployed(bench)

    mailers = bench.groups().get("mailer", [])
    assert len(mailers) <= 2, said
    assert len({m.name for m in mailers}) == len(mailers)
    assert bench.leases() == []


def test_our_own_destroy_ends_the_lease__and_that_is_no_loss(way):
    # The destroy begins 87 to 97 s after the leases are taken and is watched for 20: the renewal at 100 falls into that.
    slow = {"group": "fly_app_release_command", "task_seconds": 28}
    bench = make_bench(manifest=NO_WORKERS, faults=make(way, timing={"destroy": 58}, behaviours=[slow]))

    result, said = deployed(bench, allow_destroy=AllowDestroy.SURPLUS)

    assert result.exit_code is ExitCode.DONE, said
    assert "worker" not in bench.groups()
    assert 404 in {
        e.status for w in WORKERS for e in bench.sim.journal.find("lease_refresh") if e.machine == w
    }


def test_the_answer_to_a_destroy_is_lost_while_renewals_go_on(way):
    rules = [
        {"operation": "machine_destroy", "machine": WORKERS[0], "nth": 1, "fault": "drop", "delay_after": 25}
    ]
    bench = make_bench(
        manifest=NO_WORKERS,
        faults=make(way, timing={"destroy": 60}, rules=rules, switches={"dead_nonce": "refuse"}),
    )

    result, said = deployed(bench, allow_destroy=AllowDestroy.SURPLUS)

    assert result.exit_code is ExitCode.DONE, said
    assert "worker" not in bench.groups()


def test_one_sibling_is_stuck__and_the_other_goes_and_the_first_is_named(way):
    """Stuck in `destroying`, what is not to be stopped any more is as good as gone."""
    stuck = {"operation": "machine_destroy", "machine": WORKERS[0], "fault": "answer", "status": 412,
             "body": {"error": "failed_precondition: host is busy"}}  # fmt: skip
    bench = make_bench(manifest=NO_WORKERS, faults=make(way, rules=[stuck]))

    result, said = deployed(bench, allow_destroy=AllowDestroy.SURPLUS)

    assert result.exit_code is not ExitCode.DONE
    assert [m.id for m in bench.groups()["worker"]] == [WORKERS[0]]
    assert WORKERS[0] in said
    assert bench.leases() == []


def test_a_tag_moves_between_the_first_machine_and_the_second__and_all_run_what_was_reviewed(way):
    moves = {
        "operation": "machine_update",
        "nth": 2,
        "fault": "act",
        "acts": [{"act": "move_tag", "image": IMAGE}],
    }
    bench = make_bench(faults=make(way, rules=[moves]))

    result, said = deployed(bench)

    assert result.exit_code is ExitCode.DONE, said
    assert len({m.image.digest for found in bench.groups().values() for m in found}) == 1


def test_the_mark_of_a_release__takes_no_machine_out_of_service(way):
    """A metadata write may reset the reports of a machine that serves; the release command's success is such a write."""
    bench = make_bench(faults=make(way, switches={"metadata_resets_checks": True}))

    result, said = deployed(bench)

    assert result.exit_code is ExitCode.DONE, said
    marked, *green = bench.sim.journal.find("metadata_set")
    assert {bench.machines()[str(e.machine)].config["metadata"]["fly_process_group"] for e in green} <= {
        "cron",
        "mailer",
        "worker",
    }
    assert marked.at > 0
    app = bench.sim.world.apps["acme-shop"]
    assert find_fewest(app, since=0, until=marked.at + 1, group="web") == 3


TWO_ON_ONE_PORT = """
app = "acme-shop"
primary_region = "ams"

[[services]]
  internal_port = 8080
  [[services.ports]]
    port = 80
    handlers = ["http"]
  [[services.http_checks]]
    path = "/up"
    interval = "5s"
    timeout = "2s"
    grace_period = "2s"

[[services]]
  internal_port = 8080
  [[services.ports]]
    port = 443
    handlers = ["tls", "http"]
  [[services.http_checks]]
    path = "/up"
    interval = "5s"
    timeout = "2s"
    grace_period = "2s"
"""


def test_two_services_on_one_port_give_one_report__and_the_deploy_ends_well(way):
    fleet = {"app": "acme-shop", "machines": [], "volumes": []}
    bench = make_bench(manifest=TWO_ON_ONE_PORT, fleet=fleet, faults=make(way))

    result, said = deployed(bench)

    assert result.exit_code is ExitCode.DONE, said
    # The mark of the green deploy may have reset the report of one machine.
    found = [set(m.checks) for m in bench.groups()["app"] if "flightplan_done" not in m.config["metadata"]]
    assert found
    assert found[0] - {"bg_deployments_compat"} == {"servicecheck-00-http-8080"}


def rehearsed(way: dict[str, Any]) -> list[Any]:
    """The journal of a deploy without faults: the next one under the same seed goes the same way."""
    bench = make_bench(faults=make(way))
    deployed(bench)
    return list(bench.sim.journal.entries)


def test_the_name_is_somebody_elses__and_theirs_is_left_alone(way):
    """Somebody makes a machine of the very name that ours is about to get."""
    created = [e.body["name"] for e in rehearsed(way) if e.operation == "machine_create"]
    name = next(name for name in created if name.startswith("mailer"))
    clone = {"act": "clone", "machine": WEB[0], "name": name}
    takes = {"operation": "machine_create", "group": "mailer", "nth": 1, "fault": "act", "acts": [clone]}
    bench = make_bench(faults=make(way, rules=[takes]))

    result, said = deployed(bench)

    assert result.exit_code is not ExitCode.DONE
    assert f"creating machine {name}: HTTP 409 already_exists" in said
    (theirs,) = [m for m in bench.machines().values() if m.name == name]
    assert (theirs.group, len(theirs.versions)) == ("web", 1)
    assert bench.leases() == []


def test_the_list_under_lease_is_held_while_a_rivals_deploy_completes__and_theirs_is_not_overwritten(way):
    """The list shows the fleet of before; every write names the version that it expects."""
    entries = rehearsed(way)
    first_write = next(i for i, e in enumerate(entries) if e.operation == "machine_update")
    lists = [e for e in entries[:first_write] if e.operation == "machine_list"]
    held = {"operation": "machine_list", "nth": len(lists), "fault": "slow", "delay_after": 20}
    rival = {"at": lists[-1].at + 5, "act": "update", "machine": WEB[0], "config": {"env": {"RIVAL": "1"}}}
    bench = make_bench(faults=make(way, rules=[held], acts=[rival]))

    result, said = deployed(bench)

    assert result.exit_code is not ExitCode.DONE, said
    assert bench.machines()[WEB[0]].config["env"]["RIVAL"] == "1"
    assert bench.leases() == []
