"""The inputs groups and regions: what is outside is kept, and said; nothing is made there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.selection import Selection
from entrypoint.planning.review.inputs import of_the_whole_app, shaping_inputs, written
from entrypoint.report.plan.as_json import plan_json
from tests.unit.planning.kit import NEW, blocked_by, machine, overrides, plan, volume

TWO = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
FLEET = (machine("w1"), machine("w2", region="gru"), machine("k1", "worker"), machine("g1", "gone"))


def selection(groups: str = "", regions: str = "") -> Selection:
    return Selection(
        groups=frozenset(GroupName(name) for name in groups.split()),
        regions=frozenset(Region(name) for name in regions.split()),
    )


def made(groups: str = "", regions: str = "", **changes: Any) -> Plan:
    values = {"allow_destroy": AllowDestroy.ALL, "scale": "web=ams:2,gru:1"} | changes
    return plan(TWO, *FLEET, selection=selection(groups, regions), **values)


def steps(found: Plan) -> list[str]:
    return sorted(f"{type(step).__name__.lower()} {step.group} {step.region}" for _, step in found.steps())


def kept(found: Plan) -> dict[str, str]:
    return {k.machine.id: k.reason for group in found.groups for k in group.kept}


@pytest.mark.parametrize(
    ("groups", "regions", "expected"),
    [
        (
            "",
            "",
            ["create web ams", "destroy gone ams", "update web ams", "update web gru", "update worker ams"],
        ),
        ("web", "", ["create web ams", "update web ams", "update web gru"]),
        ("worker", "", ["update worker ams"]),
        ("", "gru", ["update web gru"]),
        ("", "ams", ["create web ams", "destroy gone ams", "update web ams", "update worker ams"]),
        ("web", "gru", ["update web gru"]),
        (
            "web worker",
            "ams gru",
            ["create web ams", "update web ams", "update web gru", "update worker ams"],
        ),
    ],
)
def test_only_these(groups: str, regions: str, expected: list[str]) -> None:
    found = made(groups, regions)
    assert found.blockers == ()
    assert steps(found) == expected
    assert found.leaves_out is (len(expected) < 5)
    assert {m.id for group in found.groups for m in group.machines} == {m.id for m in FLEET}


def test_what_is_left_out_says_why() -> None:
    assert kept(made("web", "gru")) == {
        "w1": "not among the input regions",
        "k1": "not among the input groups",
        "g1": "not among the input groups",
    }
    found = made("web")
    assert json.loads(plan_json(found, ()))["leaves_out"] is True
    assert [finding.rule for finding in found.findings if finding.rule == "leaves-out"] == ["leaves-out"]


def test_a_selection_of_everything_that_is_to_be_done__leaves_nothing_out() -> None:
    found = plan(
        TWO, machine("w1"), selection=selection("web"), policy_text='[groups.worker]\nwhen_empty = "leave"\n'
    )
    assert steps(found) == ["update web ams"]
    assert found.leaves_out is False
    assert "leaves-out" not in {finding.rule for finding in found.findings}


def test_what_blocks_another_group__does_not_block_this_one() -> None:
    text = '[groups.worker]\nwhen_empty = "fail"\n'
    assert made("web", policy_text=text).blockers == ()
    found = plan(TWO, machine("w1"), policy_text=text, selection=selection("web"))
    assert found.blockers == ()
    assert [b.rule for b in plan(TWO, machine("w1"), policy_text=text).blockers] == ["group-empty"]


def test_without_consent_a_gone_group_outside__does_not_block() -> None:
    assert made("web", allow_destroy=AllowDestroy.NONE).blockers == ()
    assert {b.rule for b in made(allow_destroy=AllowDestroy.NONE).blockers} == {"would-destroy"}


def test_a_name_that_nobody_has() -> None:
    (group,) = made("webb").blockers
    assert (group.rule, group.hint) == ("groups-unknown", "Did you mean `web`?")
    (gone,) = made("gone").blockers
    assert gone.rule == "groups-unknown"
    (region,) = made(regions="gro").blockers
    assert (region.rule, region.hint) == ("regions-unknown", "Regions are ams, gru.")


def test_a_region_that_is_declared_and_empty__is_known() -> None:
    found = made(regions="syd", scale="web=ams:1,gru:1,syd:1")
    assert (found.blockers, steps(found)) == ((), ["create web syd"])


def test_a_plan_of_its_own() -> None:
    plans = [made(), made("web"), made("worker"), made("", "gru"), made("web", "gru")]
    assert len({found.digests.plan for found in plans}) == 5
    assert len({found.digests.intent for found in plans}) == 5


def test_the_gate_compares_it__and_a_mark_of_everything_does_not_hold_it() -> None:
    def hashes(groups: str, regions: str) -> dict[str, str]:
        return written(
            shaping_inputs(
                overrides(selection=selection(groups, regions)), policy=None, generated={}, secret=None
            )
        )

    assert hashes("", "") == {}
    assert set(hashes("web", "gru")) == {"groups", "regions"}
    assert hashes("web worker", "") == hashes("worker web", "")
    assert hashes("web", "") != hashes("worker", "")
    assert of_the_whole_app({**hashes("web", "gru"), "scale": "x"}) == {"scale": "x"}


def test_volumes_outside_do_not_grow__and_that_is_left_out() -> None:
    mounts = [{"path": "/data", "volume": "vol_1", "name": "data"}]
    text = TWO + '[[mounts]]\nsource = "data"\ndestination = "/data"\nprocesses = ["worker"]\n'
    fleet = (
        machine("w1", config={"image": NEW}),
        machine("k1", "worker", config={"mounts": mounts, "image": NEW}),
    )
    growing: dict[str, Any] = {
        "volumes": (volume("vol_1", attached="k1"),),
        "policy_text": '[groups.worker]\nvolume_size = "3gb"\nsnapshot = true\n',
    }
    whole = plan(text, *fleet, **growing)
    part = plan(text, *fleet, selection=selection("web"), **growing)
    assert (len(whole.growths), len(whole.snapshots), whole.leaves_out) == (1, 1, False)
    assert (part.growths, part.snapshots, part.leaves_out) == ((), (), True)


def test_bluegreen_where_only_new_machines_are_selected__gives_them_requests() -> None:
    """The old one is in a region that is left out: nothing is cordoned, and the new ones still have to be routed."""
    found = plan(
        '[processes]\nweb = "bin/web"\n',
        machine("w1", region="gru"),
        scale="web=ams:2,gru:1",
        strategy=Strategy.BLUEGREEN,
        selection=selection(regions="ams"),
    )
    assert steps(found) == ["create web ams", "create web ams", "route web ams", "route web ams"]
    assert [type(step).__name__ for _, step in found.steps()] == ["Create", "Create", "Route", "Route"]


@pytest.mark.parametrize(("regions", "is_blocked"), [("ams", False), ("gru", True), ("", True)])
def test_what_is_left_out_and_would_be_replaced__blocks_nothing(regions: str, is_blocked: bool) -> None:
    text = '[processes]\nweb = "bin/web"\n[mounts]\nsource = "data"\ndestination = "/data"\n'
    disk = {"mounts": [{"volume": "vol_1", "path": "/data", "name": "data"}]}
    found = plan(
        text,
        machine("a", config=disk),
        machine("b", region="gru"),
        volumes=(volume("vol_1", attached="a"),),
        selection=selection("", regions),
    )
    assert ("would-replace" in blocked_by(found)) is is_blocked
