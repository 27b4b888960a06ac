"""What a plan finds when it looks around, and that it is never in the way: nothing of it fails a plan, slows it down or binds it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrypoint.fleet.errors import Unauthorized
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate
from tests.bench import FLEET, MANIFEST, STARTED, Bench, make_bench, virtual

QUESTIONS = ("secret_list", "machine_list", "token_authorize", "placement_find")
EPOCH = 1_767_225_600
"""Of the simulator."""
TOKEN = {"text": "fm2_bench"}


def with_all(**changes: Any) -> dict[str, Any]:
    """A fleet of which there is everything to say."""
    lease = {"act": "lease", "machine": "148ed21a031189", "owner": "jo@acme.test", "ttl": 300, "at": 0}
    return {
        **FLEET,
        "staged_secrets": {"STRIPE_KEY": "sk_live"},
        "rooms": {"ams": 1},
        "acts": [lease],
        "tokens": [{**TOKEN, "read_only": True, "expires_at": STARTED - EPOCH + 86_400}],
        **changes,
    }


def plan(fleet: dict[str, Any], *, rules: list[dict[str, Any]] | None = None, **inputs: Any) -> Bench:
    bench = make_bench(fleet=fleet, faults={"rules": rules} if rules else None)
    result = virtual(lambda: bench.plan(scale="web=5", **inputs))
    assert result.exit_code is ExitCode.DONE
    return bench


def made_by(bench: Bench) -> Any:
    return json.loads(bench.console.files["plan.json"])


def test_everything_that_is_found__is_said_where_people_look() -> None:
    bench = plan(with_all())
    made = made_by(bench)
    rules = {finding["rule"] for finding in made["findings"]}
    assert rules >= {"secrets-staged", "lease-held", "no-room", "token-read-only", "token-expires"}
    for text in (bench.planned, *bench.console.shown):
        for told in ("STRIPE_KEY", "jo@", "Fly has capacity in", "not change it", "expires on"):
            assert told in text, told
        assert "sk_live" not in text
    assert "sk_live" not in bench.console.files["plan.json"]


def test_nothing_of_it__is_in_the_digests_or_the_record() -> None:
    full, bare = plan(with_all()), plan(FLEET)
    assert made_by(full)["digests"] == made_by(bare)["digests"]
    assert made_by(full)["preflight"] != made_by(bare)["preflight"]
    records = [bench.planned.rpartition("<!-- flightplan-record")[2] for bench in (full, bare)]
    assert records[0] == records[1]


def asked(bench: Bench) -> list[Any]:
    return [entry for entry in bench.sim.journal.entries if entry.operation in QUESTIONS]


def test_it_is_asked_beside_what_is_read_anyway__and_only_creates_ask_again() -> None:
    bench = make_bench(manifest=MANIFEST.replace('  mailer = "bin/mailer"\n', ""))
    virtual(bench.plan)
    assert sorted(entry.operation for entry in asked(bench)) == [
        "machine_list",
        "machine_list",
        "secret_list",
        "token_authorize",
        "token_authorize",
    ]
    first = min(entry.at for entry in bench.sim.journal.entries)
    assert {entry.at for entry in asked(bench)} == {first}
    again = [entry.operation for entry in plan(FLEET).sim.journal.entries if entry.at > first]
    assert set(again) <= {"placement_find"}
    assert [entry.operation for entry in asked(plan(FLEET))].count("placement_find") == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422, 500, 503])
def test_what_fly_does_not_say__is_unknown_and_stops_nothing(status: int) -> None:
    rules = [
        {"operation": operation, "status": status}
        for operation in ("secret_list", "token_authorize", "placement_find")
    ]
    found = made_by(plan(with_all(), rules=rules))["preflight"]
    assert (found["secrets"], found["token"]) == (None, None)
    assert {row["room"] for row in found["room"]} == {None}


def test_an_answer_that_is_late__is_not_waited_for() -> None:
    rules = [
        {"operation": operation, "fault": "slow", "delay": 60.0}
        for operation in ("secret_list", "token_authorize", "placement_find")
    ]
    bench = plan(with_all(), rules=rules)
    assert made_by(bench)["preflight"]["token"] is None
    assert bench.sim.world.now <= 6.5


def test_a_deploy_whose_token_only_reads__ends_before_anything_is_done() -> None:
    bench = make_bench(fleet={**FLEET, "tokens": [{**TOKEN, "read_only": True}]})

    async def story() -> None:
        await bench.plan()
        with pytest.raises(Unauthorized, match="not change it"):
            await bench.deploy()

    virtual(story)
    assert bench.writes() == []
    assert not any(entry.operation.startswith("lease") for entry in bench.sim.journal.entries)


@pytest.mark.parametrize(("left", "is_enough"), [(1, False), (86_400, True)])
def test_a_deploy_whose_token_ends_before_it__is_not_begun(left: int, is_enough: bool) -> None:
    bench = make_bench(fleet={**FLEET, "tokens": [{**TOKEN, "expires_at": STARTED - EPOCH + left}]})

    async def story() -> None:
        if is_enough:
            assert (await bench.deploy(gate=Gate.NONE)).outputs["result"] == "deployed"
            return
        with pytest.raises(Unauthorized, match="before this deploy"):
            await bench.deploy(gate=Gate.NONE)

    virtual(story)
    assert bool(bench.writes()) is is_enough


def test_a_deploy_that_is_not_told_what_its_token_may__goes_on() -> None:
    bench = make_bench(faults={"rules": [{"operation": "token_authorize", "status": 403}]})
    assert virtual(lambda: bench.deploy(gate=Gate.NONE)).outputs["result"] == "deployed"
