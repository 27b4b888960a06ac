"""What moves a plan's digest and what does not; and that only the gate makes an approved plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entrypoint.fleet.model import App, Fleet
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.approval import ApprovedPlan, Blocked, approve_ungated
from tests.unit.planning.kit import (
    NEW,
    OLD,
    fleet,
    image,
    machine,
    manifest,
    overrides,
    plan,
    policy,
    record_of,
)

TWO = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
FLEET = (machine("a"), machine("b"), machine("c", "worker"))


def moved(now: Plan, then: Plan) -> set[str]:
    """Which digests differ: intent, base."""
    assert now.digests.plan != then.digests.plan
    return {name for name in ("intent", "base") if getattr(now.digests, name) != getattr(then.digests, name)}


def parts(now: Plan, then: Plan) -> set[str]:
    """Which parts of what is asked for differ."""
    one, other = now.traits.intent, then.traits.intent
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def test_the_very_plan__has_the_same_digests() -> None:
    assert plan(TWO, *FLEET).digests == plan(TWO, *FLEET).digests


@pytest.mark.parametrize("spelling", ["# a comment\n" + TWO, TWO.replace(" = ", "="), TWO + "\n\n"])
def test_another_spelling_of_fly_toml__is_the_same_plan(spelling: str) -> None:
    assert plan(spelling, *FLEET).digests == plan(TWO, *FLEET).digests


def test_another_tag_of_the_same_image__is_the_same_plan() -> None:
    assert plan(TWO, *FLEET, ref=NEW.replace(":v2@", ":release@")).digests == plan(TWO, *FLEET).digests


def test_what_is_asked_for__moves_the_intent_by_name() -> None:
    then = plan(TWO, *FLEET)
    cases = (
        (plan(TWO.replace("bin/web", "bin/web -v"), *FLEET), {"group web"}),
        (plan(TWO + 'cron = "x"\n', *FLEET), {"group cron"}),
        (plan('[processes]\nweb = "bin/web"\n', *FLEET), {"group worker"}),
        (plan(TWO, *FLEET, ref=OLD), {"image"}),
        (plan(TWO, *FLEET, ref=None), {"image"}),
        (plan(TWO, *FLEET, max_unavailable=2.0), {"group web", "group worker"}),
        (plan(TWO, *FLEET, wait_timeout=60.0), {"rollout"}),
        (plan(f'[deploy]\nrelease_command = "x"\n{TWO}', *FLEET), {"release_command"}),
    )
    for now, names in cases:
        assert moved(now, then) == {"intent"}
        assert parts(now, then) == names


def test_what_is_live__moves_the_base_by_machine() -> None:
    then = plan(TWO, *FLEET)
    assert moved(plan(TWO, *FLEET[1:]), then) == {"base"}
    assert moved(plan(TWO, *FLEET, machine("d")), then) == {"base"}
    for changed in (
        machine("a", state="stopped"),
        machine("a", region="gru"),
        machine("a", config={"restart": {"policy": "always"}}),
        machine("a", config={"image": NEW}),
        machine("a", "worker"),
    ):
        now = plan(TWO, changed, *FLEET[1:])
        assert moved(now, then) == {"base"}
        assert {id_ for id_ in now.base if now.base[id_] != then.base[id_]} == {"a"}


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

    assert parts(first("staging"), first("production")) == {"app"}
    assert first("staging").digests.plan != first("production").digests.plan


def test_a_blocked_plan__is_never_approved() -> None:
    verdict = approve_ungated(plan('[processes]\nweb = "bin/web"\n', *FLEET))
    assert isinstance(verdict, Blocked)
    assert [finding.rule for finding in verdict.findings] == ["would-destroy"]


def test_consent__moves_no_digest() -> None:
    """What people read was "would destroy, cannot deploy": that it was blocked is in the record."""
    one = '[processes]\nweb = "bin/web"\n'
    read, now = plan(one, *FLEET), plan(one, *FLEET, allow_destroy=AllowDestroy.SURPLUS)
    assert read.digests == now.digests
    assert (record_of(read).blocked, record_of(now).blocked) == (True, False)


def test_nobody_else_makes_an_approved_plan() -> None:
    with pytest.raises(TypeError, match="only planning"):
        ApprovedPlan(plan(TWO, *FLEET), by="me", seal=object())


def test_the_image_in_what_is_asked_for__is_its_digest_or_that_it_will_be_built_or_stays() -> None:
    def asked(**changes: Any) -> Any:
        given = replace(image(changes.pop("ref", NEW)), **changes)
        made = make_plan(
            manifest(TWO),
            policy=policy(""),
            overrides=overrides(),
            fleet=fleet(*FLEET),
            image=given,
        )
        return made.traits.intent["image"]

    built = {asked(sealed=False), asked(ref=OLD, sealed=False), asked(ref=None, sealed=False)}
    assert len(built) == 1, "which image that will be is not known when it is reviewed"
    given = asked(), asked(ref=OLD), asked(ref=None), asked(ref="shop:v9"), asked(ref="shop:v8"), *built
    assert len(set(given)) == len(given)
    assert asked(ref=NEW.replace(":v2@", ":v3@")) == asked(), "the tag that named it does not matter"
