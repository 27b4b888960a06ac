"""The input `record-key`: without it nobody can confirm a guess by what is published of a plan."""

from __future__ import annotations

from entrypoint.fleet.model import Machine
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.plan import Plan
from tests.unit.planning.kit import fleet, image, machine, manifest, overrides, policy

FILE = '[env]\nPIN = "1234"\n'
KEY = Secret("a key")


def plan(secret: Secret | None, *machines: Machine) -> Plan:
    return make_plan(
        manifest(FILE),
        policy=policy(""),
        overrides=overrides(),
        fleet=fleet(*machines),
        image=image(),
        secret=secret,
    )


def published(made: Plan) -> set[str]:
    """Every hash that a record or an output shows."""
    digests = made.digests
    return {digests.plan, digests.intent, digests.base, *made.base.values(), *made.traits.intent.values()}


def test_with_a_key__no_published_hash_is_that_of_the_same_plan_without_it() -> None:
    web = machine("1", "app", config={"env": {"PIN": "1234"}})
    assert not published(plan(KEY, web)) & published(plan(None, web))


def test_with_the_same_key__the_plan_is_the_same() -> None:
    web = machine("1", "app")
    assert published(plan(KEY, web)) == published(plan(Secret("a key"), web))
    assert plan(KEY, web).digests != plan(Secret("another"), web).digests


def test_an_empty_key__is_none() -> None:
    web = machine("1", "app")
    assert plan(Secret(""), web).digests == plan(None, web).digests
