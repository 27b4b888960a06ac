"""May this plan run, and if not, what moved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entrypoint.fleet.model import App, Fleet
from entrypoint.kernel.ids import AppName, Digest
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.approval import (
    ApprovedPlan,
    Blocked,
    Drift,
    approve,
    approve_digest,
    approve_ungated,
)
from tests.unit.planning.kit import NEW, OLD, image, machine, manifest, overrides, plan, policy, record_of

TWO = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
FLEET = (machine("a"), machine("b"), machine("c", "worker"))


def moved(now: Plan, then: Plan) -> str:
    verdict = approve(now, reviewed=record_of(then), by="#1")
    assert isinstance(verdict, Drift)
    assert (verdict.reviewed, verdict.current) == (then.digests.plan, now.digests.plan)
    return "\n".join(verdict.moved)


def test_the_very_plan__is_approved() -> None:
    made = plan(TWO, *FLEET)
    verdict = approve(plan(TWO, *FLEET), reviewed=record_of(made), by="#1")
    assert isinstance(verdict, ApprovedPlan)
    assert (verdict.plan, verdict.by) == (made, "#1")


@pytest.mark.parametrize("spelling", ["# a comment\n" + TWO, TWO.replace(" = ", "="), TWO + "\n\n"])
def test_another_spelling_of_fly_toml__is_the_same_plan(spelling: str) -> None:
    assert plan(spelling, *FLEET).digests == plan(TWO, *FLEET).digests


def test_another_tag_of_the_same_image__is_the_same_plan() -> None:
    assert plan(TWO, *FLEET, ref=NEW.replace(":v2@", ":release@")).digests == plan(TWO, *FLEET).digests


def test_what_was_asked_for_moved__by_name() -> None:
    then = plan(TWO, *FLEET)
    assert moved(plan(TWO.replace("bin/web", "bin/web -v"), *FLEET), then) == (
        "group web: asks for something else than the reviewed plan"
    )
    assert "group cron: asked for now" in moved(plan(TWO + 'cron = "x"\n', *FLEET), then)
    without = moved(plan('[processes]\nweb = "bin/web"\n', *FLEET), then)
    assert without == "group worker: reviewed, and no longer asked for"
    image = moved(plan(TWO, *FLEET, ref=OLD), then)
    assert NEW in image
    assert OLD in image
    assert "image: reviewed the live one" in moved(then, plan(TWO, *FLEET, ref=None))
    assert moved(plan(TWO, *FLEET, max_unavailable=2.0), then).count("group") == 2
    assert "rollout" in moved(plan(TWO, *FLEET, wait_timeout=60.0), then)
    assert "release_command" in moved(plan(f'[deploy]\nrelease_command = "x"\n{TWO}', *FLEET), then)


def test_what_is_live_moved__by_machine() -> None:
    then = plan(TWO, *FLEET)
    assert moved(plan(TWO, *FLEET[1:]), then) == (
        "machine a was live when the plan was reviewed, and is gone"
    )
    assert "machine d appeared" in moved(plan(TWO, *FLEET, machine("d")), then)
    for changed in (
        machine("a", state="stopped"),
        machine("a", region="gru"),
        machine("a", config={"restart": {"policy": "always"}}),
        machine("a", config={"image": NEW}),
        machine("a", "worker"),
    ):
        assert "machine a was changed" in moved(plan(TWO, changed, *FLEET[1:]), then)


def test_what_moves_by_itself__is_no_change() -> None:
    then = plan(TWO, *FLEET)
    metadata = {"fly_platform_version": "v2", "fly_process_group": "web", "fly_release_version": "42"}
    for same in (
        machine("a", version="a-77"),
        machine("a", config={"metadata": metadata}),
        machine("a", state="replacing"),
        machine(
            "a", config={"dns": {}, "services": [], "restart": {"policy": "on-failure", "max_retries": 10}}
        ),
    ):
        assert plan(TWO, same, *FLEET[1:]).digests == then.digests


def test_another_app__is_another_plan_although_nothing_is_live() -> None:
    def first(app: str) -> Plan:
        empty = Fleet(
            app=App(name=AppName(app), status="pending", organization="acme"), machines=(), volumes=()
        )
        return make_plan(manifest(TWO), policy=policy(""), overrides=overrides(), fleet=empty, image=image())

    assert (
        moved(first("staging"), first("production")) == "app: asks for something else than the reviewed plan"
    )


def test_digests_that_differ_without_a_reason__come_from_another_version() -> None:
    made = plan(TWO, *FLEET)
    record = record_of(made)
    other = replace(record, digests=replace(record.digests, plan=Digest("0" * 64)))
    verdict = approve(made, reviewed=other, by="#1")
    assert isinstance(verdict, Drift)
    assert "another version" in verdict.moved[0]


def test_a_person_approves_by_the_full_digest_only() -> None:
    made = plan(TWO, *FLEET)
    assert isinstance(approve_digest(made, digest=made.digests.plan), ApprovedPlan)
    for digest in (Digest("0" * 64), Digest(made.digests.plan[:12]), Digest("")):
        verdict = approve_digest(made, digest=digest)
        assert isinstance(verdict, Drift)
        assert verdict.reviewed == digest


def test_a_blocked_plan__is_never_approved_whoever_says_so() -> None:
    made = plan('[processes]\nweb = "bin/web"\n', *FLEET)
    record = record_of(made)
    for verdict in (
        approve(made, reviewed=record, by="#1"),
        approve_digest(made, digest=made.digests.plan),
        approve_ungated(made),
    ):
        assert isinstance(verdict, Blocked)
        assert [finding.rule for finding in verdict.findings] == ["would-destroy"]


def test_reviewed_as_deploying_nothing__consent_that_comes_later_is_drift() -> None:
    """`allow-destroy` moves no digest: what people read was "would destroy, cannot deploy"."""
    one = '[processes]\nweb = "bin/web"\n'
    read, now = plan(one, *FLEET), plan(one, *FLEET, allow_destroy=AllowDestroy.SURPLUS)
    assert read.digests == now.digests
    assert "deploys nothing" in moved(now, read)
    assert isinstance(approve(now, reviewed=record_of(now), by="#1"), ApprovedPlan)


def test_nobody_else_makes_an_approved_plan() -> None:
    with pytest.raises(TypeError, match="only planning"):
        ApprovedPlan(plan(TWO, *FLEET), by="me", seal=object())
