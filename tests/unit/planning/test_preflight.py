"""What the answers of a preflight mean for a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entrypoint.fleet.model import HeldLease
from entrypoint.fleet.preflight import SetSecret, TokenRights
from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.preflight import Room, StagedSecrets
from entrypoint.planning.preflight.add import with_preflight
from entrypoint.planning.preflight.answers import Answers
from entrypoint.planning.preflight.room import answered, wanted_room
from entrypoint.planning.preflight.secrets import staged_secrets
from tests.unit.planning.kit import after, fleet, machine, plan, volume

TEXT = '[processes]\nweb = "bin/web"\nworker = "bin/worker"\n'
NOW = 1_790_000_000
DAY = 86_400
BOOTED = 1_000


def booted(id_: str, group: str = "web", **changes: Any) -> Any:
    return machine(id_, group, last_start=BOOTED, **changes)


def said(made: Plan, *, room: tuple[Room, ...] = (), **answers: Any) -> list[str]:
    nothing: dict[str, Any] = {"secrets": None, "leases": None, "token": None}
    found = with_preflight(made, Answers(**nothing | answers), room=room, now=NOW)
    assert found.digests == made.digests
    assert found.stages == made.stages
    return [f"{f.rule}: {f.message}" for f in found.findings[len(made.findings) :]]


def secret(name: str, at: int = BOOTED + 1) -> SetSecret:
    return SetSecret(name=name, set_at=at)


# Secrets


@pytest.mark.parametrize(
    ("set_at", "last_start", "is_staged"),
    [(BOOTED, BOOTED, False), (BOOTED + 1, BOOTED, True), (9_999, None, False)],
)
def test_a_secret_that_is_newer_than_the_boot__is_staged(
    set_at: int, last_start: int | None, is_staged: bool
) -> None:
    made = plan(TEXT, machine("a", last_start=last_start), booted("b", "worker"))
    found = staged_secrets(made, [secret("KEY", set_at)])
    assert ("web" in {entry.group for entry in found}) is is_staged


def test_groups_of_the_same_secrets__are_one_sentence() -> None:
    made = plan(TEXT, booted("a"), booted("b", "worker"))
    assert said(made, secrets=(secret("B"), secret("A"), secret("OLD", BOOTED - 1))) == [
        "secrets-staged: Secrets `A` and `B` were set after machines of `web` and `worker` booted, and go live with this deploy."
    ]


def test_groups_of_which_one_booted_later__are_told_apart() -> None:
    made = plan(TEXT, booted("a"), machine("b", "worker", last_start=BOOTED + 5))
    assert said(made, secrets=(secret("KEY"),)) == [
        "secrets-staged: Secret `KEY` was set after machines of `web` booted, and goes live there with this deploy."
    ]


def test_where_one_machine_of_a_group_is_restarted__the_secret_goes_live() -> None:
    live = fleet(booted("a"), booted("k"))
    done = {m.id: m for m in after(plan(TEXT, *live.machines), live).machines}
    kept = replace(done[MachineId("k")], last_start=BOOTED)
    staged = staged_secrets(plan(TEXT, booted("a"), kept), [secret("KEY")])
    assert [(entry.group, entry.goes_live) for entry in staged] == [("web", True)]


def test_machines_that_nobody_restarts__keep_what_they_have() -> None:
    made = plan(TEXT, booted("a"), booted("b", "worker"), ref=None)
    assert not made.has_changes
    (told,) = said(made, secrets=(secret("KEY"),))
    assert told.startswith(
        "secrets-waiting: Secret `KEY` was set after machines of `web` and `worker` booted."
    )
    assert staged_secrets(made, [secret("KEY")])[0] == StagedSecrets(
        group=GroupName("web"), names=("KEY",), goes_live=False
    )


@pytest.mark.parametrize("state", ["stopped", "suspended", "created"])
def test_machines_that_rest__boot_with_the_newest_anyway(state: str) -> None:
    made = plan(TEXT, booted("a", state=state), machine("b", "worker", last_start=BOOTED + 5))
    assert said(made, secrets=(secret("KEY"),)) == []


def test_machines_that_go__and_groups_that_go__do_not_count() -> None:
    made = plan(
        TEXT, booted("a"), booted("a2"), booted("c", "gone"), booted("b", "worker"), scale="web=1", ref=None
    )
    staged = {entry.group: entry.goes_live for entry in staged_secrets(made, [secret("KEY")])}
    assert staged == {"web": False, "worker": False}


# Leases


def held(owner: str = "jo", description: str = "", left: float | None = 30.0) -> HeldLease:
    return HeldLease(owner=owner, description=description, seconds_left=left)


def test_leases_on_machines_that_the_plan_writes__are_told() -> None:
    made = plan(TEXT, machine("a"), machine("b", "worker"))
    leases = {MachineId("a"): held(), MachineId("elsewhere"): held()}
    assert said(made, leases=leases) == [
        "lease-held: `jo` holds the lease on `a` of `web` now. It ends in 30 s."
    ]
    assert said(plan(TEXT, machine("a"), machine("b", "worker"), ref=None), leases=leases) == []


@pytest.mark.parametrize(
    ("lease", "words"),
    [
        (held(left=None), "`jo` holds the lease on `a` of `web` now."),
        (held(left=119.4), "It ends in 119 s."),
        (held(left=120.0), "It ends in 2 min."),
        (held(owner=""), "`somebody` holds"),
        (held(owner="`", description="a `b`"), "`'` holds the lease on `a` of `web` now, for `a 'b'`."),
        (held(description="x" * 81), f"for `{'x' * 80}…`"),
        (held(description="x" * 80), f"for `{'x' * 80}`"),
    ],
)
def test_who_holds_it__what_for__and_how_long(lease: HeldLease, words: str) -> None:
    (told,) = said(plan(TEXT, machine("a"), machine("b", "worker")), leases={MachineId("a"): lease})
    assert words in told


def test_many_leases__are_counted() -> None:
    machines = [machine(f"m{number:02}") for number in range(10)]
    told = said(plan(TEXT, *machines, machine("b", "worker")), leases={m.id: held() for m in machines})
    assert len(told) == 9
    assert told[-1] == "lease-held: Leases on 2 more machines are held now."


# Room


def test_what_is_asked__is_one_question_for_each_place_and_size() -> None:
    made = plan(TEXT, machine("a"), machine("b", "worker"), scale="web=ams:3,gru:1 worker=2")
    asked = {
        (q.placement.region, q.placement.count, q.groups) for q in wanted_room(made, organization="acme")
    }
    assert asked == {("ams", 3, ("web", "worker")), ("gru", 1, ("web",))}
    assert wanted_room(made, organization="") == ()
    assert wanted_room(plan(TEXT, machine("a"), machine("b", "worker")), organization="acme") == ()


def test_what_is_asked__names_size_and_volume() -> None:
    text = '[processes]\nweb = "bin/web"\n[mounts]\nsource = "data"\ndestination = "/data"\n[[vm]]\nsize = "performance-2x"\n'
    (question,) = wanted_room(plan(text, volumes=(volume("vol_1"),)), organization="acme")
    assert (question.placement.volume_name, question.placement.guest["cpus"]) == ("data", 2)
    assert answered(question, None).size == "performance-2x 4 GB"


def room(
    found: int | None, *, wanted: int = 2, groups: tuple[str, ...] = ("web",), region: str = "ams"
) -> Room:
    names = tuple(GroupName(name) for name in groups)
    return Room(
        groups=names,
        region=Region(region),
        size="performance-2x 4 GB",
        volume_name="",
        wanted=wanted,
        room=found,
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (room(2), None),
        (room(3), None),
        (room(None), None),
        (
            room(1),
            "Fly has capacity in `ams` now for 1 of the 2 machines (performance-2x 4 GB) that `web` gets.",
        ),
        (
            room(0),
            "Fly has no capacity in `ams` now for the 2 machines (performance-2x 4 GB) that `web` gets.",
        ),
        (
            room(0, wanted=1),
            "Fly has no capacity in `ams` now for the machine (performance-2x 4 GB) that `web` gets.",
        ),
        (
            room(0, groups=("web", "worker"), region=""),
            "Fly has no capacity in any region now for the 2 machines (performance-2x 4 GB) that `web` and `worker` get.",
        ),
        (replace(room(0), size=""), "Fly has no capacity in `ams` now for the 2 machines that `web` gets."),
    ],
)
def test_less_room_than_machines__is_a_warning(asked: Room, told: str | None) -> None:
    assert said(plan(TEXT), room=(asked,)) == ([f"no-room: {told}"] if told else [])


# Token


@pytest.mark.parametrize(
    ("rights", "rules"),
    [
        (TokenRights(writes=True, expires_at=None), []),
        (TokenRights(writes=None, expires_at=None), []),
        (TokenRights(writes=False, expires_at=None), ["token-read-only"]),
        (TokenRights(writes=True, expires_at=NOW + 14 * DAY), ["token-expires"]),
        (TokenRights(writes=True, expires_at=NOW + 14 * DAY + 1), []),
        (TokenRights(writes=False, expires_at=NOW), ["token-read-only", "token-expires"]),
    ],
)
def test_the_token(rights: TokenRights, rules: list[str]) -> None:
    assert [text.partition(":")[0] for text in said(plan(TEXT), token=rights)] == rules
