"""Who would get something past the gate, and how: each attack against the whole product, both simulators in process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.month.jobs import FLY_TOKEN, Ended, dispatch_job, push_job
from tests.month.month import Month
from tests.simulator_github import branches
from tests.simulator_github.world import BOT, WRITE, Token


@pytest.fixture(params=["merge", "none"])
def month(request) -> Iterator[Month]:
    """Flightplan is in use: one pull request is live. Images are built on merge, or there are none."""
    yield from adopted(request.param)


@pytest.fixture
def plain() -> Iterator[Month]:
    yield from adopted("none")


def adopted(way: str) -> Iterator[Month]:
    with Month(way=way) as made:
        made.open(pull="start", kinds="env", who="mona")
        made.merge(pull="start", how="merge", update=False)
        assert made.deploys[-1].code == 0, made.deploys[-1].log
        made.wires.wait(600)
        yield made
        assert made.wires.github.journal.violations() == []


def open_and_merge(month: Month, name: str = "p", kinds: str = "env") -> int:
    month.open(pull=name, kinds=kinds, who="mona")
    month.wires.wait(60)
    month.merge(pull=name, how="merge", update=False)
    month.wires.wait(60)
    return month.pulls[name]


def plan_comment(month: Month, name: str):
    """The newest comment that a status speaks of."""
    return next(c for c in month.world.comments_of(month.pulls[name]) if c.author == BOT)


def push(month: Month, before: str, after: str) -> Ended:
    """The job of a push, without the month's own opinion of it: its book-keeper reads the shop's two files only."""
    job = push_job(month.wires, "main", before=before, after=after, inputs=month._inputs(after), run=901)
    return month.runner.run(job)


def refused(month: Month) -> bool:
    return month.deploys[-1].code == 4 and month.deploys[-1].result == "not-reviewed"


@pytest.mark.parametrize("editor", ["eve", None, BOT])
def test_an_edited_comment__and_its_reruns_are_refused(month, editor):
    """By anybody, by an account that is gone, and by another workflow with the same bot."""
    month.open(pull="p", kinds="env", who="mona")
    comment = plan_comment(month, "p")
    month.world.edit_comment(comment.id, editor=editor, body=comment.body + "\nship it")
    month.merge(pull="p", how="merge", update=False)
    assert refused(month)
    for _ in range(2):
        month.rerun(back=0)
        assert refused(month)


def test_an_edit_that_was_undone__is_none(month):
    month.open(pull="p", kinds="env", who="mona")
    month.edit_comment(pull="p", undo=True)
    month.merge(pull="p", how="merge", update=False)
    assert month.deploys[-1].code == 0


def test_a_forged_record_with_a_true_hash__is_not_our_status(month):
    """Eve edits our comment and dates a status of her own that fits it; so does another app."""
    month.open(pull="p", kinds="env", who="mona")
    comment = plan_comment(month, "p")
    ours = month.world.statuses[-1]
    month.world.edit_comment(comment.id, editor="eve", body=comment.body + "\n")
    month.world.edit_comment(comment.id, editor="eve", body=comment.body.replace("update", "upgrade"))
    for creator in ("eve", "other[bot]"):
        month.world.add_status(
            ours.sha,
            creator=creator,
            state="success",
            context=ours.context,
            description=forged(month, comment, ours),
        )
    month.merge(pull="p", how="merge", update=False)
    assert refused(month)


def forged(month: Month, comment, status) -> str:
    from tests.month.truth import _digest

    head, _, _ = status.description.partition("sha256:")
    tail = status.description.rpartition(" may merge")[1]
    return f"{head}sha256:{_digest(comment.body)}{tail}"


def test_a_status_by_a_person__on_a_pull_request_that_was_never_planned_proves_nothing(plain):
    month = plain
    month.open(pull="seen", kinds="env", who="mona")
    copied, ours = plan_comment(month, "seen"), month.world.statuses[-1]
    month.open(pull="p", kinds="env", who="fork")
    number = month.pulls["p"]
    comment = month.world.add_comment(number, author="eve", body=copied.body)
    text = forged(month, comment, ours).replace(
        f"#{month.pulls['seen']} comment {copied.id}", f"#{number} comment {comment.id}"
    )
    month.world.add_status(
        month.world.pulls[number].head_sha, creator="eve", state="success", context=ours.context, description=text
    )  # fmt: skip
    month.merge(pull="p", how="squash", update=False)
    assert refused(month)


def test_nothing_is_written_into_the_plan_comment_after_the_merge(plain):
    """Our own answer cannot make a forged comment true again."""
    month = plain
    month.open(pull="p", kinds="env", who="mona")
    comment = plan_comment(month, "p")
    month.world.edit_comment(comment.id, editor="eve", body=comment.body + "\nforged")
    body = comment.body
    month.merge(pull="p", how="merge", update=False)
    month.rerun(back=0)
    assert refused(month)
    assert (plan_comment(month, "p").body, plan_comment(month, "p").editor) == (body, "eve")
    assert len(month._comments("p")) > 1, "the refusal is a comment of its own"


def test_an_old_push__rerun_after_a_revert_never_goes_back(month):
    open_and_merge(month)
    month.revert(name="back")
    month.merge(pull="back", how="merge", update=False)
    assert month.deploys[-1].code == 0
    live = {i: m.version for i, m in month.truth.fleet().items()}
    month.rerun(back=1)
    assert month.deploys[-1].result == "superseded"
    assert {i: m.version for i, m in month.truth.fleet().items()} == live


def test_the_same_change_months_later__by_a_direct_push_is_not_reviewed(plain):
    """The plan is digit for digit one that was reviewed once."""
    month = plain
    open_and_merge(month)
    reviewed = month.world.git.files(month.world.branches["main"].sha)["fly.toml"]
    month.revert(name="back")
    month.merge(pull="back", how="merge", update=False)
    month.wires.wait(60 * 86_400)
    month._push({"fly.toml": reviewed}, "Again")
    assert refused(month)


def test_evidence_that_comes_while_it_is_merged__is_too_late(plain):
    """The plan job has looked at the pull request, and writes its status a second after the merge."""
    month = plain
    month.open(pull="p", kinds="env", who="mona")
    month.slow_jobs(what="deploy")

    def meanwhile() -> None:
        month.merge(pull="p", how="merge", update=False)
        month.wires.wait(2)

    month.wires.github.hooks.before("create-status", meanwhile)
    month.amend(pull="p", kinds="env")
    month.settle()
    assert refused(month)


def test_a_reviewed_head_merged_on_a_laptop_with_one_change_more__is_refused(month):
    month.open(pull="p", kinds="env", who="mona")
    month.merge_amended(pull="p", number=1)
    assert refused(month)


def test_marks_are_lost__and_a_direct_push_hides_under_a_code_push(plain):
    month = plain
    month.lose_marks(machine=None)
    month.push_config(number=1)
    assert refused(month)
    month.push_code(number=2)
    assert refused(month)


def test_an_approval_from_a_branch_that_anybody_may_push__counts_for_nothing(plain):
    month = plain
    month.push_config(number=1)
    assert refused(month)
    recipe = month.deploys[-1].log.partition("approve: ")[2].split()[0].strip("`")
    branches.push(month.world, "mine", month.world.branches["main"].sha)
    for run in (901, 902):
        inputs = {"allow-destroy": "surplus", "fly-api-token": FLY_TOKEN, "approve": recipe}
        job = dispatch_job(month.wires, "mine", inputs=inputs, run=run)
        ended = month.runner.run(job)
        assert ended.code == 4, ended.log
    month.approve()
    assert refused(month) or month.deploys[-1].code == 0


def test_a_strangers_copy_of_our_comment__stops_nothing(month):
    month.open(pull="p", kinds="env", who="mona")
    month.world.add_comment(month.pulls["p"], author="eve", body=plan_comment(month, "p").body)
    month.merge(pull="p", how="merge", update=False)
    assert month.deploys[-1].code == 0


def test_two_identical_comments_of_our_own__are_one_review(month):
    month.open(pull="p", kinds="env", who="mona")
    month.world.add_comment(month.pulls["p"], author=BOT, body=plan_comment(month, "p").body)
    month.merge(pull="p", how="merge", update=False)
    assert month.deploys[-1].code == 0


def test_evidence_of_another_environment__is_none(plain):
    month = plain
    month.next_inputs = {"environment": "staging"}
    month.open(pull="p", kinds="env", who="mona")
    month.next_inputs = {}
    month.merge(pull="p", how="merge", update=False)
    assert refused(month)


def test_evidence_for_another_base_branch__is_none(plain):
    """Planned into `release` only; the pull request into main has the same head."""
    month = plain
    month.slow_jobs(what="plan")
    month.open(pull="p", kinds="env", who="mona")
    month.waiting.clear()
    month.slow.clear()
    month.two_bases(pull="p")
    month.merge(pull="p", how="merge", update=False)
    assert refused(month)


def test_a_later_plan_into_another_base__takes_nothing_away(plain):
    month = plain
    month.open(pull="p", kinds="env", who="mona")
    month.wires.wait(60)
    month.two_bases(pull="p")
    month.merge(pull="p", how="merge", update=False)
    assert month.deploys[-1].code == 0


@pytest.mark.parametrize("lacking", ["statuses", "pull-requests"])
def test_a_token_that_may_not_write__fails_the_plan_and_says_which_right_is_missing(plain, lacking):
    month = plain
    rights = {**WRITE, lacking: "read"}
    month.world.tokens["ghs_simulated"] = Token(login=BOT, permissions=rights)
    month.slow_jobs(what="plan")
    month.open(pull="p", kinds="env", who="mona")
    job = month.waiting.pop().job
    ended = month.runner.run(job)
    assert ended.code not in (0, None)
    assert f"{lacking}: write" in ended.log


def test_consent_of_a_reverted_pull_request__is_not_consent_for_another(plain):
    """It showed the machine that goes for a count that nobody asks for any more."""
    month = plain
    month.next_deploy["dies"] = 0
    month.set_count(pull="fewer", web=1)
    month.merge(pull="fewer", how="merge", update=False)
    month.revert(name="back")
    month.open(pull="code", kinds="env", who="mona")
    month.merge(pull="back", how="merge", update=False)
    month.clone_by_hand(machine=0)
    month.clone_by_hand(machine=1)
    month.merge(pull="code", how="merge", update=False)
    assert refused(month)
    assert len(month.truth.fleet()) == 5


def test_one_digest_given_to_both_jobs__with_a_merge_in_between_is_an_image_of_another_tree():
    for month in adopted("pull"):
        month.open(pull="one", kinds="env", who="mona")
        planned = branches.merge_ref_of(month.world, month.pulls["one"])
        assert planned is not None
        image = month._image(planned)
        open_and_merge(month, "other", "code")
        before = month.world.branches["main"].sha
        after = branches.merge_pull(month.world, month.pulls["one"])
        month._pushed("main", before, after, image=image)
        assert refused(month)
        assert "image" in month.deploys[-1].log


def test_a_rerun_of_a_finished_job__changes_nothing_and_starts_nothing(month):
    open_and_merge(month)
    month.wires.by_hand("stop", machine=month._machine(0).id)
    month.wires.wait(60)
    before = {i: (m.version, m.state) for i, m in month.truth.fleet().items()}
    month.rerun(back=0)
    assert month.deploys[-1].code == 0
    assert {i: (m.version, m.state) for i, m in month.truth.fleet().items()} == before


@pytest.mark.parametrize("protected", [False, True])
def test_a_pull_request_into_a_branch_of_ones_own__started_by_hand_there_proves_nothing(plain, protected):
    """Planned by the bot, merged by its author into a branch that nobody protects, and deployed from there: around main's protection."""
    main = plain.world.branches["main"].sha
    branches.push(plain.world, "mine", main)
    plain.world.branches["mine"].protected = protected
    evil = plain._changes(main, "env", "evil")
    branches.commit(plain.world, "evil", evil, message="evil", start=main)
    made = branches.open_pull(plain.world, "evil", base="mine", title="evil")
    plain._plan(made, "opened")
    plain.wires.wait(60)
    branches.merge_pull(plain.world, made.number)
    inputs = {**plain._inputs(main), "command": "deploy"}
    ended = plain.runner.run(dispatch_job(plain.wires, "mine", inputs=inputs, run=900))
    assert (ended.code, ended.result) == ((0, "deployed") if protected else (4, "not-reviewed"))


def test_a_flood_of_statuses__pushes_ours_out_of_nobodys_sight(plain):
    """Somebody with another app writes more of our context than one page holds."""
    plain.open(pull="p", kinds="env", who="mona")
    ours = plain.world.statuses[-1]
    for number in range(130):
        plain.world.add_status(
            ours.sha,
            creator="eve",
            state="success",
            context=ours.context,
            description=f"#{number + 1} comment 1 sha256:{'0' * 64} may merge",
        )
    plain.merge(pull="p", how="merge", update=False)
    assert plain.deploys[-1].code == 0, plain.deploys[-1].log


@pytest.mark.parametrize("text", [None, "[groups.web]\ncount = 9\n", "# nothing\n"])
def test_flightplan_toml__taken_away_or_written_by_a_direct_push_is_refused(plain, text):
    before = plain.world.branches["main"].sha
    after = branches.commit(plain.world, "main", {"flightplan.toml": text}, message="policy")
    ended = push(plain, before, after)
    assert (ended.code, "flightplan.toml" in ended.log) == (4, True)


def test_a_field_of_fly_toml__written_by_a_direct_push_is_refused_by_name(plain):
    before = plain.world.branches["main"].sha
    manifest = plain.world.git.read(plain.world.git.files(before)["fly.toml"].oid).decode()
    written = {"fly.toml": f"kill_timeout = 9\n{manifest}"}
    after = branches.commit(plain.world, "main", written, message="field")
    ended = push(plain, before, after)
    assert (ended.code, "fly.toml:1 kill_timeout was changed by" in ended.log) == (4, True)


def test_a_local_file_that_fly_toml_names__changed_by_a_direct_push_is_refused(plain):
    files = plain.world.git.files(plain.world.branches["main"].sha)
    manifest = plain.world.git.read(files["fly.toml"].oid).decode()
    named = manifest + '\n[[files]]\n  guest_path = "/app.conf"\n  local_path = "conf/app.conf"\n'
    branches.commit(plain.world, "conf", {"fly.toml": named, "conf/app.conf": "a"}, message="conf",
                    start=plain.world.branches["main"].sha)  # fmt: skip
    made = branches.open_pull(plain.world, "conf", title="conf")
    plain.pulls["conf"] = made.number
    plain._plan(made, "opened")
    plain.wires.wait(60)
    plain.merge(pull="conf", how="squash", update=False)
    assert plain.deploys[-1].result == "deployed", plain.deploys[-1].log
    before = plain.world.branches["main"].sha
    after = branches.commit(plain.world, "main", {"conf/app.conf": "evil"}, message="conf")
    ended = push(plain, before, after)
    assert (ended.code, "conf/app.conf was changed by" in ended.log) == (4, True)


def test_a_reviewed_change_taken_away_by_a_merge_of_the_live_commit__is_refused(plain):
    """A mend is merged and not live yet; `git merge -s ours` of the commit that is live takes it away again."""
    plain.slow_jobs(what="deploy")
    live = plain.world.branches["main"].sha
    open_and_merge(plain, "mend", "env")
    tip = plain.world.branches["main"].sha
    git = plain.world.git
    sha = git.commit(
        git.files(live), parents=[tip, live], author="eve", message="Merge", when=int(plain.wires.now())
    )
    branches.push(plain.world, "main", sha)
    plain._pushed("main", tip, sha)
    plain.settle()
    assert refused(plain)


def test_a_pull_request_moved_to_another_base_and_back__keeps_its_newest_plan_only(plain):
    """The plan into main says that it cannot be deployed; one into another branch, or an older one, does not stand in."""
    plain.open(pull="p", kinds="env", who="mona")
    number = plain.pulls["p"]
    head = plain.world.pulls[number].head_sha
    plain.amend(pull="p", kinds="group")
    branches.commit(plain.world, "p", {"fly.toml": "app = 3\n"}, message="broken")
    plain._plan(plain.world.pulls[number], "synchronize")
    plain.change_base(pull="p")
    assert plain.world.pulls[number].head_sha != head
    states = {s.state for s in plain.world.statuses_of(plain.world.pulls[number].head_sha)}
    assert "success" not in states


def test_a_strangers_copy_of_an_outcome__is_not_the_one_that_a_rerun_edits(plain):
    plain.open(pull="p", kinds="env", who="mona")
    plain.edit_comment(pull="p", undo=False)
    plain.merge(pull="p", how="merge", update=False)
    number = plain.pulls["p"]
    outcome = plain.world.comments_of(number)[-1]
    copy = plain.world.add_comment(number, author="eve", body=outcome.body)
    plain.rerun(back=0)
    assert refused(plain)
    assert [c.author for c in plain.world.comments_of(number)].count(BOT) == 2, "the plan, and one outcome"
    assert not copy.versions
