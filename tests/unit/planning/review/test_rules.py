"""Rules 2 to 5, equal plans and approvals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entrypoint.fleet import marks
from entrypoint.fleet.fingerprints import Fingerprints, config_fingerprint
from entrypoint.kernel.ids import Digest, GroupName, MachineId
from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.steps import Create
from entrypoint.planning.review.approval import ApprovedPlan, Blocked, approve_allowed
from entrypoint.planning.review.facts import Revision
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.history import Cause, Relation
from entrypoint.planning.review.inputs import shaping_inputs, written
from entrypoint.planning.review.items import CommitRef, FieldRefs, ItemKind, MachineRefs, PullRef, words
from entrypoint.planning.review.rules import Allowed, NotReviewed, image_to_promote, made_since_done
from tests.unit.planning.kit import KEY, NEW, OLD, machine, overrides, plan, record_of, volume
from tests.unit.planning.review.repo import (
    FLY,
    QUIET,
    decide,
    facts,
    identity,
    kinds,
    missing,
    sentence,
    started,
    with_cache,
    with_level,
)

ALLOWED = ["Allowed"]
WEB = '[processes]\nweb = "bin/web"\n'
LIVE = machine("a")
META = {"fly_platform_version": "v2", "fly_process_group": "web"}
COMMITS = "1" * 40


def known(id_, group="web", **config):
    """A machine as a deploy of ours left it."""
    made = machine(id_, group, config=config)
    return marked(made, **{marks.FINGERPRINT: config_fingerprint(made.config, secret=None)})


def marked(live, **metadata):
    config = {**live.config, "metadata": {**live.metadata, **metadata}}
    return replace(live, config=config)


def edited(live, **env):
    found = live.config["env"]
    assert isinstance(found, dict)
    return replace(live, config={**live.config, "env": {**found, **env}})


# Rule 2


def test_machines_as_we_left_them__are_written():
    repo, first = started()
    made = plan(WEB, known("a"), known("b"))
    assert made.has_changes
    assert kinds(repo.history(done=first), made) == ALLOWED


def test_restarted_migrated_stopped_cloned__is_known():
    repo, first = started()
    a = known("a")
    moved = replace(a, id="x9", version="9", state="stopped", region="gru")
    clone = machine("c")
    assert kinds(repo.history(done=first), plan(WEB, a, moved, clone)) == ALLOWED


def test_a_hand_edit_that_would_be_overwritten__is_named_field_by_field():
    repo, first = started()
    hands = [edited(known(id_), LEVEL="debug") for id_ in "bc"]
    (item,) = missing(repo.history(done=first), plan(WEB, known("a"), *hands))
    assert item.kind == "hand-edited"
    assert FieldRefs(paths=("env.LEVEL",)) in item.parts
    assert MachineRefs(group=GroupName("web"), ids=(MachineId("b"), MachineId("c"))) in item.parts
    again = missing(
        repo.history(done=first), plan(WEB, known("a"), *(edited(h, LEVEL="warn") for h in hands))
    )
    assert again[0].canonical != item.canonical, "what was approved is this edit"


def test_a_hand_edit_without_a_sibling__is_named_by_what_the_deploy_would_take_away():
    repo, first = started()
    (item,) = missing(repo.history(done=first), plan(WEB, edited(known("a"), LEVEL="debug")))
    assert FieldRefs(paths=("env.LEVEL",)) in item.parts


def test_two_kinds_of_hands__are_two_items():
    repo, first = started()
    fleet = (known("a"), edited(known("b"), LEVEL="x"), edited(known("c"), COLOUR="x"), known("w", "worker"))
    made = plan(WEB + 'worker = "bin/worker"\n', *fleet)
    assert kinds(repo.history(done=first), made) == ["hand-edited", "hand-edited"]


def test_a_machine_that_is_not_written__does_not_matter():
    repo, first = started()
    worker = machine(
        "w", "worker", config={"image": NEW, "guest": {"cpu_kind": "shared", "cpus": 8, "memory_mb": 2048}}
    )
    made = plan(WEB + 'worker = "bin/worker"\n', known("a"), worker)
    assert kinds(repo.history(done=first), made) == ALLOWED


def test_a_hand_edit_that_a_counted_review_saw__is_known():
    repo, first = started()
    hand = edited(known("a"), LEVEL="debug")
    now = plan(WEB, hand)
    repo.merge(1, repo.branch({"app.py": "2"}), made=plan(WEB, hand, ref=None))
    assert kinds(repo.history(done=first), now) == ALLOWED
    assert kinds(repo.history(done=first), plan(WEB, edited(hand, LEVEL="more"))) == ["hand-edited"]
    repo.change(evidence=repo.evidence(1, repo.review()[0].head, onto=first, cause=Cause.COMMENT_EDITED))
    assert kinds(repo.history(done=first), now) == ["hand-edited"], "without evidence it saw nothing"


def test_a_review_that_does_not_count__saw_nothing():
    repo, first = started()
    hand = edited(known("a"), LEVEL="debug")
    head = repo.branch({"fly.toml": with_level("debug")})
    repo.merge(1, head, made=plan(WEB, hand, ref=None), amend={"fly.toml": FLY})
    assert kinds(repo.history(done=first), plan(WEB, hand)) == ["hand-edited"]


def test_what_fly_adds_by_itself__is_no_edit_and_not_named_beside_one():
    repo, first = started()
    service = {"internal_port": 80, "protocol": "tcp"}
    usual = {"type": "connections", "hard_limit": 25, "soft_limit": 20}
    plain = machine("a", config={"services": [service]})
    print_ = config_fingerprint(plain.config, secret=None)
    grown = machine("b", config={"services": [service | {"concurrency": usual, "min_machines_running": 0}]})
    a, b = (marked(one, **{marks.FINGERPRINT: print_}) for one in (plain, grown))
    assert kinds(repo.history(done=first), plan(WEB, a, b)) == ALLOWED
    (item,) = missing(repo.history(done=first), plan(WEB, a, edited(b, X="1")))
    assert sentence(item) == "edited by hand: env.X on MACHINES"


def test_marks_of_another_group__make_nobody_known():
    repo, first = started()
    other = marked(known("w", "worker"), **{marks.FINGERPRINT: Fingerprints(secret=None).of(LIVE)})
    made = plan(WEB + 'worker = "bin/worker"\n', LIVE, other)
    assert kinds(repo.history(done=first), made) == ["hand-edited", "hand-edited"]


def test_destroyed_machines__are_written_too():
    repo, first = started()
    gone = edited(known("w", "worker"), X="1")
    found = kinds(repo.history(done=first), plan(WEB, known("a"), gone, allow_destroy=AllowDestroy.ALL))
    assert found == ["hand-edited", "destruction-not-shown"]


def test_with_a_record_key__both_spellings_are_known():
    repo, first = started()
    secret = Secret("k")
    keyed = marked(LIVE, **{marks.FINGERPRINT: config_fingerprint(LIVE.config, secret=secret)})
    assert kinds(repo.history(done=first), plan(WEB, keyed), secret=secret) == ALLOWED
    assert kinds(repo.history(done=first), plan(WEB, known("a")), secret=secret) == ALLOWED
    assert kinds(repo.history(done=first), plan(WEB, keyed), secret=Secret("other")) == ["hand-edited"]
    assert kinds(repo.history(done=first), plan(WEB, keyed)) == ["hand-edited"]


LACKS_KEY = "with the input record-key , which this run does not have: give the same key, or deploy a pull request that was planned without it"


def test_without_the_record_key__nobody_is_told_to_have_edited_anything():
    """The mark cannot be compared. In what the machine differs from another one says nothing about hands."""
    repo, first = started()
    other = edited(LIVE, Y="1")
    keyed = marked(other, **{marks.FINGERPRINT: config_fingerprint(other.config, secret=Secret("k"))})
    by_hand, by_key = missing(
        repo.history(done=first), plan(WEB, keyed, known("b"), edited(known("c"), X="1"))
    )
    assert sentence(by_hand) == "edited by hand: env.X on MACHINES"
    assert sentence(by_key) == f"MACHINES was deployed or reviewed {LACKS_KEY}"


def test_a_machine_that_only_a_keyed_review_showed__is_told_the_same():
    """Nobody deployed it with Flightplan yet."""
    repo, first = started()
    made = plan(WEB, LIVE)
    prints = {"a": Fingerprints(secret=Secret("k")).of(LIVE)}
    repo.merge(1, repo.branch({"app.py": "2"}), fingerprints=prints)
    (item,) = missing(repo.history(done=first), made)
    assert sentence(item) == f"MACHINES was deployed or reviewed {LACKS_KEY}"


def test_what_a_review_without_the_key_showed__can_be_compared():
    """The deploy before had a key; since then a pull request was planned without it, and then somebody edited the machine."""
    repo, first = started()
    keyed = marked(LIVE, **{marks.FINGERPRINT: config_fingerprint(LIVE.config, secret=Secret("k"))})
    repo.merge(1, repo.branch({"app.py": "2"}), fingerprints={"a": Fingerprints(secret=None).of(keyed)})
    assert kinds(repo.history(done=first), plan(WEB, keyed)) == ALLOWED
    (item,) = missing(repo.history(done=first), plan(WEB, edited(keyed, X="1")))
    assert sentence(item) == "edited by hand: env.X on MACHINES"


def test_another_record_key__may_be_why_nothing_is_known():
    repo, first = started()
    keyed = marked(LIVE, **{marks.FINGERPRINT: config_fingerprint(LIVE.config, secret=Secret("k"))})
    (item,) = missing(repo.history(done=first), plan(WEB, keyed), secret=Secret("other"))
    unless = ", unless the input record-key is another one than at that deploy"
    assert sentence(item) == f"not as a deploy left it: MACHINES {unless}"
    right = marked(machine("b"), **{marks.FINGERPRINT: config_fingerprint(LIVE.config, secret=Secret("k"))})
    (item,) = missing(repo.history(done=first), plan(WEB, right, edited(keyed, X="1")), secret=Secret("k"))
    assert sentence(item) == "edited by hand: env.X on MACHINES", (
        "another machine shows that the key is right"
    )


def test_an_input_that_was_recorded_with_a_key__is_not_told_as_changed():
    repo, first = started()
    keyed, plain = (
        shaping_inputs(overrides(strategy="immediate"), policy=None, generated={}, secret=secret)
        for secret in (Secret("k"), None)
    )
    (item,) = missing(repo.history(done=first, inputs=written(keyed)), inputs=plain)
    assert sentence(item) == f"the input strategy was recorded {LACKS_KEY}"
    (item,) = missing(repo.history(done=first, inputs=written(keyed)))
    assert sentence(item).endswith("differs from every counted review and from the last green deploy"), (
        "left out"
    )


# Rule 3

TWO = (known("a"), known("b"))


def shrink(*fleet, scale="web=1", **changes):
    given = {"ref": None, "scale": scale, "allow_destroy": AllowDestroy.ALL, **changes}
    return plan(WEB, *(fleet or TWO), **given)


def repo_with(made, **record):
    """A counted review whose plan was `made`."""
    repo, first = started()
    repo.merge(1, repo.branch({"app.py": "2"}), made=made, **record)
    return repo.history(done=first)


def test_a_destruction_that_was_shown__runs():
    assert kinds(repo_with(shrink()), shrink()) == ALLOWED


def test_a_destruction_that_nobody_saw__is_refused_by_id():
    repo, first = started()
    (item,) = missing(repo.history(done=first), shrink())
    assert item.kind == "destruction-not-shown"
    assert identity(item) == {"machine": "a", "group": "web", "volumes": [], "replaced": False, "count": 1}


def test_another_machine__was_not_shown():
    three = (known("c"), *TWO)
    assert kinds(repo_with(shrink()), shrink(*three)) == ["destruction-not-shown"], "b goes, too"


@pytest.mark.parametrize("scale", ["web=2", "", "web=ams:1", "web=0"])
def test_consent_of_a_review_that_asked_for_another_count__is_none(scale):
    shown = replace(record_of(shrink()), counts=record_of(shrink(scale=scale)).counts)
    assert kinds(repo_with(shrink(), counts=shown.counts), shrink()) == ["destruction-not-shown"]


def test_consent_of_a_reverted_pull_request__is_not_used_by_another():
    """#1 took a machine away with consent, and was reverted before it ran; now something else would take it."""
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("small")}), made=shrink())
    repo.merge(2, repo.branch({"fly.toml": FLY}), made=plan(WEB, *TWO, ref=None))
    history = repo.history(done=first)
    assert kinds(history, plan(WEB, *TWO, ref=None)) == ALLOWED
    assert kinds(history, shrink(scale="web=ams:1")) == ["destruction-not-shown"]


def test_a_group_that_goes():
    fleet = (known("a"), known("w", "worker"))
    gone = plan(WEB, *fleet, ref=None, allow_destroy=AllowDestroy.ALL)
    assert kinds(repo_with(gone), gone) == ALLOWED
    stays = plan(WEB + 'worker = "bin/worker"\n', *fleet, ref=None)
    assert kinds(repo_with(stays), gone) == ["destruction-not-shown"]
    assert kinds(repo_with(gone, counts={"web": None}), gone) == ["destruction-not-shown"]
    assert kinds(repo_with(gone, counts={"web": None, "worker": 0}), gone) == ["destruction-not-shown"]


def test_a_volume_that_was_not_shown__is_not_left_behind():
    mount = [{"volume": "vol_1", "path": "/data", "name": "data"}]
    bare = shrink(known("a"), known("b"))
    fleet = (known("a"), known("b"))
    with_volumes = plan(WEB, *fleet, volumes=(volume("vol_1", attached="a"), volume("vol_2", attached="b")),
                        ref=None, scale="web=1", allow_destroy=AllowDestroy.ALL)  # fmt: skip
    assert mount
    assert kinds(repo_with(with_volumes), with_volumes) == ALLOWED
    assert kinds(repo_with(with_volumes), bare) == ALLOWED, "less than was shown"
    assert kinds(repo_with(bare), with_volumes) == ["destruction-not-shown"]
    (item,) = missing(repo_with(bare), with_volumes)
    assert identity(item)["volumes"] == ["vol_1"]


def made_by(live, commit, key=KEY.hash, run=5):
    return marked(live, **{marks.MADE: f"{commit} {key} {run}"})


def test_a_machine_that_a_run_of_ours_made_since_the_last_green_deploy__needs_nobody():
    repo, first = started()
    second = repo.push({"app.py": "2"})
    history = repo.history(done=first)
    assert kinds(history, shrink(made_by(known("a"), second), known("b"))) == ALLOWED
    assert kinds(history, shrink(made_by(known("a"), first), known("b"))) == ["destruction-not-shown"]
    assert kinds(history, shrink(made_by(known("a"), second, key="f" * 12), known("b"))) == [
        "destruction-not-shown"
    ]
    assert kinds(history, shrink(made_by(known("a"), "0" * 40), known("b"))) == ["destruction-not-shown"]
    volumes = (volume("vol_1", attached="a"), volume("vol_2", attached="b"))
    kept = plan(WEB, made_by(known("a"), second), known("b"), volumes=volumes, ref=None, scale="web=1",
                allow_destroy=AllowDestroy.ALL)  # fmt: skip
    assert kinds(history, kept) == ["destruction-not-shown"]


def test_without_a_done_mark__only_what_a_counted_commit_made_is_new():
    repo, first = started()
    repo.merge(1, repo.branch({"app.py": "2"}))
    machines = [made_by(known("a"), first), made_by(known("b"), repo.main)]
    assert made_since_done(repo.history(), machines, facts()) == {"b"}
    assert made_since_done(repo.history(pulls={}), machines, facts()) == frozenset()
    assert made_since_done(repo.history(done=first), machines, facts()) == {"b"}


# Rule 4

BUILT = Image(ref=NEW, digest=NEW.partition("@")[2], source=ImageSource.INPUT)
PROMOTED = replace(BUILT, source=ImageSource.PROMOTED)


def with_image(image):
    return replace(QUIET, image=image)


def reviewed_with(image, **evidence):
    repo, first = started()
    repo.merge(1, repo.branch({"app.py": "2"}), image=image, **evidence)
    return repo, first


def test_a_digest_that_was_reviewed__is_promoted_with_the_same_tree():
    repo, first = reviewed_with(BUILT)
    history = repo.history(done=first)
    assert image_to_promote(history, facts()) == PROMOTED
    assert kinds(history, with_image(PROMOTED)) == ALLOWED
    assert kinds(history, with_image(BUILT)) == ALLOWED, "the same digest given again"


def test_a_digest_that_was_reviewed_before_another_merge__is_refused():
    repo, first = started()
    head = repo.branch({"app.py": "2"})
    repo.merge(2, repo.branch({"lib.py": "1"}))
    repo.merge(1, head, image=BUILT, on=first)
    history = repo.history(done=first)
    assert image_to_promote(history, facts()) is None
    for image in (PROMOTED, BUILT, QUIET.image):
        (item,) = missing(history, with_image(image))
        assert item.kind == "image-of-other-tree"
        assert identity(item)["image"] == BUILT.digest
        assert [part for part in item.parts if isinstance(part, PullRef)] == [
            PullRef(number=1),
            PullRef(number=2),
        ], "the image of #1 was built before #2 was merged"
    assert kinds(history, with_image(replace(BUILT, ref=OLD, digest=OLD.partition("@")[2]))) == ALLOWED, (
        "built on push"
    )


def test_a_digest_that_was_reviewed_before_another_merge_that_is_live__names_what_it_lacks():
    repo, first = started()
    head = repo.branch({"app.py": "2"})
    live = repo.merge(2, repo.branch({"lib.py": "1"}))
    repo.merge(1, head, image=BUILT, on=first)
    (item,) = missing(repo.history(done=live), with_image(BUILT))
    assert [part for part in item.parts if isinstance(part, CommitRef)] == [CommitRef(sha=live)]
    repo.change(
        evidence=replace(repo.review()[1], checkout=replace(repo.review()[1].checkout, base_sha=live))
    )
    (item,) = missing(repo.history(done=live), with_image(BUILT))
    assert not [part for part in item.parts if isinstance(part, CommitRef)], "another reason"


def test_a_review_without_a_tree__promotes_nothing():
    repo, first = reviewed_with(BUILT)
    _, record = repo.review()
    repo.change(evidence=replace(record, checkout=replace(record.checkout, tree=None)))
    history = repo.history(done=first)
    assert image_to_promote(history, facts()) is None
    assert kinds(history, with_image(BUILT)) == ["image-of-other-tree"]
    no_tree = replace(history, line=(replace(history.line[0], tree=None), *history.line[1:]))
    assert image_to_promote(no_tree, facts()) is None
    assert kinds(no_tree, with_image(BUILT)) == ["image-of-other-tree"]


def test_a_promotion_that_no_review_speaks_for__is_refused():
    repo, first = started()
    (item,) = missing(repo.history(done=first), with_image(PROMOTED))
    assert (item.kind, identity(item)["image"]) == ("image-of-other-tree", BUILT.digest)
    assert kinds(repo.history(done=first), with_image(BUILT)) == ALLOWED


@pytest.mark.parametrize("source", [ImageSource.FILE, ImageSource.LIVE])
def test_a_review_of_an_image_that_belongs_to_no_tree__promotes_nothing(source):
    repo, first = reviewed_with(replace(BUILT, source=source))
    assert image_to_promote(repo.history(done=first), facts()) is None
    assert kinds(repo.history(done=first), with_image(replace(BUILT, source=ImageSource.FILE))) == ALLOWED


def test_built_on_merge__needs_an_image_on_push():
    open_ = Image(ref=None, digest=None, source=ImageSource.BUILT_ON_MERGE, sealed=False)
    repo, first = reviewed_with(open_)
    history = repo.history(done=first)
    assert kinds(history, with_image(replace(BUILT, sealed=False))) == ALLOWED
    assert kinds(history, QUIET) == ["image-missing"]
    assert kinds(history, with_image(open_)) == ["image-missing"]
    assert image_to_promote(history, facts()) is None


def test_the_commit_that_an_image_names__must_have_the_tree():
    repo, first = started()
    history = repo.history(done=first)
    other = repo.commit({"app.py": "9"}, first)
    for image, name, expected in (
        (BUILT, first, ALLOWED),
        (BUILT, other, ["image-of-other-tree"]),
        (replace(BUILT, source=ImageSource.FILE), other, ALLOWED),
        (QUIET.image, other, ALLOWED),
    ):
        revision = Revision(commit=name, tree=repo.tree(name))
        assert kinds(history, with_image(image), revision=revision) == expected
    (item,) = missing(history, with_image(BUILT), revision=Revision(commit=other, tree=repo.tree(other)))
    assert identity(item) == {"image": BUILT.digest, "tree": repo.tree(other)}


def test_a_tag_whose_digest_is_not_known__is_not_written():
    repo, first = started()
    made = plan(WEB, known("a"), ref="registry.fly.io/shop:v9")
    assert kinds(repo.history(done=first), made) == ["image-not-pinned"]
    assert kinds(
        repo.history(done=first), plan(WEB, known("a"), ref="registry.fly.io/shop:v9", scale="web=2")
    ) == ["image-not-pinned"]
    assert kinds(repo.history(done=first), plan(WEB, known("a"), ref=NEW, scale="web=2")) == ALLOWED


def test_no_image_at_all__is_told_without_a_name():
    """`built-on-merge`, and no machine runs one."""
    repo, first = started()
    unknown = Image(ref=None, digest=None, source=ImageSource.BUILT_ON_MERGE, sealed=False)
    made = replace(plan(WEB, ref=None), image=unknown)
    found = {item.kind: item for item in missing(repo.history(done=first), made)}
    assert found[ItemKind.IMAGE_NOT_PINNED].parts == (words("no image is known for the new machines"),)


def done_already(made):
    """The same plan, all of whose steps an interrupted run has taken."""

    def taken(step):
        return replace(step, done=MachineId("x") if isinstance(step, Create) else True)

    def lane(of):
        waves = tuple(replace(wave, steps=tuple(taken(s) for s in wave.steps)) for wave in of.waves)
        return replace(of, waves=waves)

    stages = tuple(replace(stage, lanes=tuple(lane(of) for of in stage.lanes)) for stage in made.stages)
    groups = tuple(replace(group, steps=tuple(taken(s) for s in group.steps)) for group in made.groups)
    return replace(made, stages=stages, groups=groups)


@pytest.mark.parametrize("fleet", [(), (known("a"),), (edited(known("a"), X="1"),)])
def test_what_an_interrupted_run_has_written__is_not_asked_for_again(fleet):
    repo, first = started()
    made = plan(WEB, *fleet, ref="registry.fly.io/shop:v9")
    assert "image-not-pinned" in kinds(repo.history(done=first), made)
    assert kinds(repo.history(done=first), done_already(made)) == ALLOWED


# Rule 5


def test_forwards_only():
    repo, first = started()
    second = repo.push({"app.py": "2"})
    third = repo.push({"app.py": "3"})
    other = repo.commit({"app.py": "4"}, first)
    assert kinds(repo.history(done=first, live=(second,))) == ALLOWED
    assert kinds(repo.history(done=first, live=(third,))) == ALLOWED, "a re-run"
    assert decide(repo.history(head=second, done=first, live=(third,))) == Superseded(by=third)
    assert decide(repo.history(head=second, done=third)) == Superseded(by=third)
    assert kinds(repo.history(head=other, done=first, live=(third,))) == ["not-forwards"]
    gone = repo.history(done=first, written={"0" * 40: Relation.DIVERGED})
    assert identity(missing(gone)[0]) == {"live": "0" * 40}


def test_an_old_push_run_again_after_a_revert__goes_nowhere_whatever_is_approved():
    repo, first = started()
    bad = repo.merge(1, repo.branch({"fly.toml": with_level("bad")}))
    good = repo.merge(2, repo.branch({"fly.toml": FLY}))
    history = repo.history(head=bad, done=good)
    assert decide(history) == Superseded(by=good)
    assert decide(history, approve=Digest("0" * 64), may_approve=True) == Superseded(by=good)
    assert first


# Equal plans, exact


def test_an_equal_plan__needs_no_rules_1_to_3():
    repo, first = started()
    made = plan(WEB, edited(known("a"), X="1"), known("w", "worker"), allow_destroy=AllowDestroy.ALL)
    repo.push({"fly.toml": with_level("debug")})
    repo.merge(1, repo.branch({"app.py": "2"}), made=made, is_equal=True, on=first)
    history = repo.history(done=first)
    assert decide(history, made) == Allowed(pulls=(1,), is_equal=True, is_approved=False)
    assert kinds(repo.history(done=first, written={"0" * 40: Relation.DIVERGED}), made) == ["not-forwards"]
    other = plan(WEB, edited(known("a"), X="2"), known("w", "worker"), allow_destroy=AllowDestroy.ALL)
    assert kinds(history, other) == ["unreviewed-change", "hand-edited"], "w was shown"


def test_an_equal_plan_that_does_not_count_any_more__is_none():
    """Deployed, reverted, deployed; then pushed again by hand: the same plan as months ago."""
    repo, _ = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}), is_equal=True)
    reverted = repo.merge(2, repo.branch({"fly.toml": FLY}))
    repo.push({"fly.toml": with_level("debug")})
    assert kinds(repo.history(done=reverted)) == ["unreviewed-change"]


def test_gate_exact__asks_for_an_equal_plan_and_nothing_else():
    repo, first = started()
    repo.merge(1, repo.branch({"fly.toml": with_level("debug")}))
    history = repo.history(done=first)
    assert kinds(history) == ALLOWED
    assert kinds(history, is_exact=True) == ["not-exact"]
    repo.change(evidence=repo.evidence(1, repo.review()[0].head, onto=first, is_equal=True))
    assert kinds(repo.history(done=first), is_exact=True) == ALLOWED


# Inputs


def inputs_of(scale="", **changes):
    secret = changes.pop("secret", None)
    return shaping_inputs(overrides(scale=scale, **changes), policy=None, generated={}, secret=secret)


def test_inputs__must_be_those_of_a_counted_review_or_of_the_last_green_deploy():
    repo, first = started()
    two, three = inputs_of("web=2"), inputs_of("web=3")
    repo.merge(1, repo.branch({"app.py": "2"}), inputs=written(two))
    history = repo.history(done=first, inputs=written(three))
    assert kinds(history, inputs=two) == ALLOWED
    assert kinds(history, inputs=three) == ALLOWED
    assert kinds(history, inputs=inputs_of("web=4")) == ["input-changed"]
    assert kinds(history) == ["input-changed"], "left out is a value, too"
    both = inputs_of("web=2", strategy="immediate")
    (item,) = missing(history, inputs=both)
    assert identity(item)["input"] == "strategy"
    assert kinds(repo.history(done=first)) == ALLOWED, "not given at the last green deploy"
    assert kinds(repo.history(done=first, inputs={}), inputs=three) == ["input-changed"]


def test_inputs__of_a_review_that_does_not_count():
    repo, first = started()
    repo.merge(
        1,
        repo.branch({"fly.toml": with_cache("off")}),
        inputs=written(inputs_of("web=2")),
        amend={"fly.toml": FLY},
    )
    assert kinds(repo.history(done=first), inputs=inputs_of("web=2")) == ["input-changed"]


def test_inputs__by_value_with_and_without_a_key():
    assert inputs_of("web=2 worker=1") == inputs_of("worker=1 web=2") != inputs_of("web=2")
    repo, first = started()
    history = repo.history(done=first, inputs=written(inputs_of("web=2")))
    assert kinds(history, inputs=inputs_of("web=2", secret=Secret("k"))) == ALLOWED
    assert kinds(
        repo.history(done=first, inputs=written(inputs_of("web=2", secret=Secret("k")))),
        inputs=inputs_of("web=2"),
    ) == ["input-changed"]


def test_a_generated_file__is_an_input():
    def generated(data):
        return shaping_inputs(overrides(), policy=None, generated={"fly.toml": data}, secret=None)

    repo, first = started()
    history = repo.history(done=first, inputs=written(generated(b"a")))
    assert kinds(history, inputs=generated(b"a")) == ALLOWED
    assert kinds(history, inputs=generated(b"b")) == ["input-changed"]
    assert kinds(history, inputs=generated(None)) == ["input-changed"]
    assert kinds(history) == ["input-changed"]


# Approval


def refused(history, made=QUIET, **changes):
    found = decide(history, made, **changes)
    assert isinstance(found, NotReviewed)
    return found


def test_an_approval__lets_run_what_is_missing_now():
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")})
    approval = refused(repo.history(done=first)).approve
    found = decide(repo.history(done=first), approve=approval, may_approve=True)
    assert found == Allowed(pulls=(), is_equal=False, is_approved=True)
    assert found.by == "the approve input"
    problem = refused(repo.history(done=first), approve=approval).approval_problem
    assert problem is not None
    assert problem.kind == "may-not-approve"


def test_an_approval__survives_a_newer_tip_that_adds_nothing_and_no_other():
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")})
    approval = refused(repo.history(done=first)).approve
    repo.push({"app.py": "2"})
    assert kinds(repo.history(done=first), approve=approval, may_approve=True) == ALLOWED
    repo.push({"nginx.conf": "evil"})
    again = refused(repo.history(done=first), approve=approval, may_approve=True)
    assert again.approval_problem is not None
    assert again.approval_problem.kind == "other-approval"
    assert again.approve != approval


def test_an_approval_with_an_image__is_not_carried_to_a_newer_tree():
    """Otherwise the older commit's image would be deployed as the newer commit, green."""
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")})
    built = with_image(BUILT)
    approval = refused(repo.history(done=first), built).approve
    assert kinds(repo.history(done=first), built, approve=approval, may_approve=True) == ALLOWED
    repo.push({"app.py": "2"})
    again = refused(repo.history(done=first), built, approve=approval, may_approve=True)
    assert again.approve != approval
    assert [item.kind for item in again.items] == ["unreviewed-change", "image-by-hand"], (
        "who goes on is told"
    )
    assert kinds(repo.history(done=first), built, approve=again.approve, may_approve=True) == ALLOWED
    assert refused(repo.history(done=first), built, approve=approval).items == again.items[:1]


def test_an_approval_where_nothing_is_missing__lets_no_image_in():
    repo, first = started()
    repo.push({"app.py": "2"})
    history, built = repo.history(done=first), with_image(BUILT)
    assert kinds(history, built) == ALLOWED, "the push itself, with what its build job gave"
    given: dict[str, Any] = {"approve": Digest("0" * 64), "may_approve": True}
    found = refused(history, built, **given)
    assert [item.kind for item in found.items] == ["image-by-hand"]
    assert kinds(history, built, approve=found.approve, may_approve=True) == ALLOWED
    assert kinds(history, **given) == ALLOWED, "without an image there is none to let in"
    tied = Revision(commit=COMMITS, tree=history.tree or "")
    assert kinds(history, built, revision=tied, **given) == ALLOWED


def test_an_approval_from_a_branch_that_anybody_may_push_to__lets_nothing_run():
    repo, first = started()
    repo.push({"app.py": "evil"})
    found = refused(repo.history(done=first), with_image(BUILT), approve=Digest("0" * 64))
    assert [item.kind for item in found.items] == ["may-not-approve"]


def test_an_approval__is_of_one_key_and_one_image():
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")})
    history = repo.history(done=first)
    approval = refused(history).approve
    assert kinds(history, with_image(BUILT), approve=approval, may_approve=True) != ALLOWED
    assert kinds(history, key=replace(KEY, environment="x"), approve=approval, may_approve=True) != ALLOWED
    assert kinds(history, approve=Digest(approval[:12]), may_approve=True) != ALLOWED


def test_an_approval__names_the_digest_and_not_the_tag():
    repo, first = started()
    repo.push({"fly.toml": with_level("debug")})
    history = repo.history(done=first)
    approval = refused(history, with_image(BUILT)).approve
    again = with_image(replace(BUILT, ref=NEW.replace(":v2@", ":other@")))
    assert kinds(history, again, approve=approval, may_approve=True) == ALLOWED
    other = with_image(replace(BUILT, digest=OLD.partition("@")[2]))
    assert kinds(history, other, approve=approval, may_approve=True) != ALLOWED
    live, tag = (
        refused(history, with_image(image)).approve for image in (QUIET.image, replace(BUILT, digest=None))
    )
    assert len({live, tag, approval}) == 3


def test_the_tree__is_that_of_the_pushed_commit_or_not_known():
    repo, first = started()
    history = repo.history(done=first)
    assert history.tree == repo.tree(first)
    assert replace(history, line=()).tree is None
    assert replace(history, head="0" * 40).tree is None


def test_an_approval__counts_until_a_deploy_of_it_is_green():
    repo, first = started()
    pushed = repo.push({"fly.toml": with_level("debug")})
    approval = refused(repo.history(done=first)).approve
    assert approval
    hand = plan(WEB, edited(known("a"), X="1"))
    once = refused(repo.history(done=pushed), hand).approve
    history = repo.history(done=pushed)
    assert kinds(history, hand, approve=once, may_approve=True) == ALLOWED
    assert history.done is not None
    later = replace(history, done=replace(history.done, run=history.done.run + 1))
    assert kinds(later, hand, approve=once, may_approve=True) != ALLOWED


@pytest.mark.parametrize("is_done_lost", [False, True])
def test_an_approval_of_an_unknown_past__is_no_approval_of_what_is_pushed_on_top(is_done_lost):
    repo, first = started()

    def history():
        if not is_done_lost:
            return repo.history()
        found = repo.history(done=first, graph_is_since_done=False)
        return replace(found, line=found.line[:1])

    repo.push({"app.py": "2"})
    approval = refused(history()).approve
    repo.push({"app.py": "3"})
    older = {"approve": approval, "may_approve": True}
    if not is_done_lost:
        assert kinds(history(), **older) == ALLOWED
    repo.push({"nginx.conf": "evil"})
    assert kinds(history(), **older) != ALLOWED
    assert (
        kinds(history(), inputs=inputs_of("web=9"), approve=refused(history()).approve, may_approve=True)
        != ALLOWED
    )


def test_only_what_the_gate_allows__is_sealed():
    allowed = Allowed(pulls=(3, 1), is_equal=False, is_approved=False)
    sealed = approve_allowed(QUIET, allowed, marks=None)
    assert isinstance(sealed, ApprovedPlan)
    assert sealed.by == "#3, #1"
    blocked = plan(WEB, known("a"), known("w", "worker"))
    assert isinstance(approve_allowed(blocked, allowed, marks=None), Blocked)
