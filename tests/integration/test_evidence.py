"""What a plan leaves on the pull request: one comment that stands, and one commit status that vouches for it, whoever else is at it."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.errors import ExitCode, OutsideError, UsageError
from entrypoint.kernel.review_errors import MayNotComment, MayNotSetStatus
from entrypoint.kernel.run import Command, CommentMode
from entrypoint.kernel.secrets import Secret
from entrypoint.modes.deploy import check
from entrypoint.modes.plan import plan
from entrypoint.planning.review.evidence import comment_digest, parse_description
from tests.bench import IMAGE, MANIFEST, Bench, make_bench, make_inputs, make_run, virtual
from tests.simulator_github import branches
from tests.simulator_github.world import BOT, Status, Token

CONTEXT = "flightplan/acme-shop/fly.toml"
NEWER = f"{IMAGE}@sha256:{'4' * 64}"
THREADS = MANIFEST.replace("--threads 8", "--threads 9")


def statuses(bench: Bench) -> list[Status]:
    """Of the head, oldest first."""
    return [s for s in bench.github.world.statuses if s.sha == bench.github.world.pulls[bench.pull].head_sha]


def assert_stands(bench: Bench) -> None:
    """One comment is to be seen, and the newest status vouches for it."""
    shown = [c for c in bench.said() if c.minimized is None]
    assert len(shown) == 1
    said = parse_description(statuses(bench)[-1].description or "")
    assert said is not None
    assert (said.comment, said.digest) == (shown[0].id, comment_digest(shown[0].body))


def test_a_plan__is_a_comment_and_a_status_that_vouches_for_it():
    bench = make_bench()
    result = virtual(bench.plan)
    assert_stands(bench)
    (status,) = statuses(bench)
    assert (status.state, status.context, status.creator) == ("success", CONTEXT, BOT)
    assert status.target_url == result.outputs["comment-url"]
    assert "This review holds until" in bench.planned


def test_a_blocked_plan__fails_its_status():
    bench = make_bench(manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', ""))
    assert virtual(bench.plan).exit_code is ExitCode.BLOCKED
    assert statuses(bench)[-1].state == "failure"
    assert_stands(bench)


def test_files_with_errors__fail_their_status_too():
    bench = make_bench(manifest=MANIFEST.replace("internal_port = 8080", 'internal_port = "a"'))
    result = virtual(bench.plan)
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.FINDINGS, "invalid")
    assert statuses(bench)[-1].state == "failure"
    assert_stands(bench)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("# nothing here\n", id="a comment"),
        pytest.param('app = "acme-shop"\nbroken = [', id="no TOML"),
        pytest.param("broken = [", id="no TOML and no name"),
    ],
)
def test_a_file_that_says_nothing_or_cannot_be_read__fails_the_same_status(text: str):
    """Where the plan would have been: the base branch's file still names the app."""
    bench = make_bench()
    bench.push()
    bench.files["fly.toml"] = text
    result = virtual(bench.plan)
    assert (result.exit_code, result.outputs["result"]) == (ExitCode.FINDINGS, "invalid")
    assert (statuses(bench)[-1].state, statuses(bench)[-1].context) == ("failure", CONTEXT)
    assert "### acme-shop · cannot deploy" in bench.planned
    assert_stands(bench)


def test_an_app_that_is_named_nowhere__is_said_in_the_log():
    bench = make_bench(manifest="")
    assert virtual(bench.plan).exit_code is ExitCode.FINDINGS
    assert bench.said() == []
    assert any("fly.toml names no app" in line for line in bench.console.log)


def test_other_errors_on_the_same_head__are_told_anew():
    """The base branch moved, and the test merge with it."""
    bench = make_bench(manifest=MANIFEST.replace("internal_port = 8080", 'internal_port = "a"'))

    async def story():
        await bench.plan()
        first = bench.said()[-1].body
        bench.files["flightplan.toml"] = "nosuch = 1\n"
        await bench.plan(propose=False)
        return first

    first = virtual(story)
    assert bench.said()[-1].body != first
    assert "nosuch" in bench.said()[-1].body
    assert_stands(bench)


def test_an_equal_plan_of_the_same_head__writes_nothing():
    bench = make_bench()

    async def story():
        await bench.plan()
        before = (list(bench.said()), statuses(bench))
        await bench.plan()
        return before == (bench.said(), statuses(bench))

    assert virtual(story)


def test_two_pull_requests_of_one_head__each_keep_their_plan():
    """A hotfix into main and into a release branch: the statuses of both are on the same commit, in the same context."""
    bench = make_bench()

    async def story():
        await bench.plan()
        world, hotfix = bench.github.world, bench.pull
        branches.push(world, "release", world.branches["main"].sha)
        other = branches.open_pull(world, world.pulls[hotfix].head_ref, base="release").number
        posted = []
        for _ in range(2):
            for bench.pull in (hotfix, other):
                await bench.plan(propose=False)
                posted.append((len(bench.said()), len(world.statuses)))
        return posted

    assert virtual(story) == [(1, 1), (2, 2), (2, 2), (2, 2)]


def test_another_plan_of_the_same_head__is_a_new_comment_and_the_old_one_is_folded_away():
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.plan(scale="web=4")

    virtual(story)
    assert [c.minimized is None for c in bench.said()] == [False, True]
    assert [c.versions for c in bench.said()] == [[], []], "a comment that was vouched for is not rewritten"
    assert_stands(bench)


def test_a_plan_of_a_new_head__rewrites_the_comment():
    bench = make_bench()

    async def story():
        await bench.plan()
        bench.files["fly.toml"] = THREADS
        await bench.plan()

    virtual(story)
    assert len(bench.said()) == 1
    assert_stands(bench)


def test_a_comment_that_somebody_edited__is_posted_anew():
    bench = make_bench()

    async def story():
        await bench.plan()
        bench.github.world.edit_comment(bench.said()[0].id, editor="eve", body=bench.planned + "x")
        await bench.plan()

    virtual(story)
    assert len(bench.said()) == 2
    assert_stands(bench)


@pytest.mark.parametrize("seed", range(6))
def test_two_jobs_at_once__end_in_one_comment_and_one_valid_review(seed):
    bench = make_bench()

    async def later(seconds, **changes):
        await anyio.sleep(seconds)
        await bench.plan(propose=False, **changes)

    async def story():
        bench.propose()
        async with anyio.create_task_group() as group:
            group.start_soon(later, 0.0)
            group.start_soon(lambda: later(seed * 0.07, scale="web=4"))

    virtual(story)
    assert_stands(bench)


def test_a_newer_commit_while_it_is_planned__is_left_to_its_own_job():
    bench = make_bench()

    async def story():
        bench.propose()
        pull = bench.github.world.pulls[bench.pull]
        old = pull.head_sha
        bench.github.hooks.before(
            "list-comments",
            lambda: branches.commit(bench.github.world, pull.head_ref, {"x": "1"}, message="newer"),
        )
        await bench.plan(propose=False)
        return old

    old = virtual(story)
    assert bench.said() == []
    assert [s for s in bench.github.world.statuses if s.sha == old] == []


@pytest.mark.parametrize(
    ("lacks", "error"), [("pull-requests", MayNotComment), ("statuses", MayNotSetStatus)]
)
def test_a_permission_that_is_missing__fails_the_job(lacks, error):
    bench = make_bench()
    token = bench.github.world.tokens["ghs_simulated"]
    permissions = {**token.permissions, lacks: "read"}
    bench.github.world.tokens["ghs_simulated"] = Token(login=token.login, permissions=permissions)
    with pytest.raises(error, match=f"{lacks}: write"):
        virtual(bench.plan)
    assert "update 6 machines" in bench.console.summaries[0]


def test_on_diff__posts_what_changes_files_though_no_machine_changes():
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.deploy()
        bench.files["fly.toml"] = f"# a word\n{MANIFEST}"
        said = len(bench.said())
        worded = await bench.plan(comment=CommentMode.ON_DIFF)
        deployed = await bench.deploy(image=None)
        bench.files["other"] = "code"
        code = await bench.plan(comment=CommentMode.ON_DIFF)
        return said, worded, deployed, code

    said, worded, deployed, code = virtual(story)
    assert worded.outputs["result"] == "nothing-to-do"
    assert deployed.exit_code is ExitCode.DONE, bench.console.log
    assert code.outputs["comment-url"] == ""
    assert len(bench.said()) == said + 1


async def plan_by_hand(bench: Bench, number: int):
    inputs = make_inputs(command=Command.AUTO, pull_request=number)
    return await plan(inputs, make_run("workflow_dispatch"), bench.world())


def test_a_pull_request_of_a_fork__is_planned_by_hand_from_its_test_merge():
    bench = make_bench()

    async def story():
        bench.propose()
        bench.github.world.pulls[bench.pull].head_repository = "mallory/acme-shop"
        bench.files["fly.toml"] = "broken = ["
        planned = await plan_by_hand(bench, bench.pull)
        bench.files["fly.toml"] = MANIFEST
        return planned, await bench.deploy()

    planned, deployed = virtual(story)
    assert planned.outputs["updated"] == "6", "its own files, not those of the checkout"
    assert_stands(bench)
    assert deployed.outputs["result"] == "deployed", bench.console.log


def test_a_pull_request_that_is_closed_or_conflicts__is_not_planned_by_hand():
    bench = make_bench()

    async def closed():
        bench.propose()
        branches.close_pull(bench.github.world, bench.pull)
        await plan_by_hand(bench, bench.pull)

    with pytest.raises(UsageError, match="is closed"):
        virtual(closed)


@pytest.mark.parametrize(
    ("planned", "word", "code"),
    [(True, "reviewed", ExitCode.DONE), (False, "not-reviewed", ExitCode.NOT_REVIEWED)],
)
def test_a_merge_queue__is_checked_before_the_merge_and_nothing_is_written(planned, word, code):
    bench = make_bench()

    async def story():
        bench.propose()
        if planned:
            await bench.plan(image="built-on-merge")
        entry = branches.enqueue(bench.github.world, bench.pull)
        info = bench.github.world.git.info(entry.head)
        bench._check_out(entry.head)
        run = make_run("merge_group")._replace(sha=info.sha, ref="refs/heads/q")
        return await check(make_inputs(command=Command.AUTO, image="built-on-merge"), run, bench.world())

    result = virtual(story)
    assert (result.exit_code, result.outputs["result"]) == (code, word), bench.console.log
    assert bench.writes() == []


def test_a_commit_after_the_plan__is_the_one_that_has_none():
    """Pushed, and merged before its plan: the plan comment still stands there, of an older commit."""
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.deploy()
        await bench.plan()
        bench.files["fly.toml"] = THREADS
        bench.propose()
        return await bench.deploy()

    assert virtual(story).exit_code is ExitCode.NOT_REVIEWED
    head = bench.github.world.pulls[bench.pull].head_sha
    said = f"#{bench.pull}: it has no plan of this app, config and environment for its last commit, "
    assert f"{said}{head[:7]}." in bench.console.log[0]
    assert f"{said}[`{head[:7]}`]" in bench.told


def test_a_plan_for_another_base_branch__is_told_as_that():
    bench = make_bench()

    async def story():
        await bench.plan()
        await bench.deploy()
        world = bench.github.world
        branches.push(world, "my<own>", world.branches["main"].sha)
        bench.files["fly.toml"] = THREADS
        bench.propose()
        branches.change_base(world, bench.pull, "my<own>")
        await bench.plan(propose=False)
        branches.change_base(world, bench.pull, "main")
        return await bench.deploy()

    assert virtual(story).exit_code is ExitCode.NOT_REVIEWED
    said = f"#{bench.pull}: its plan was made for the base branch"
    assert f"{said} my<own>, not for main." in bench.console.log[0]
    assert f"{said} `my<own>`, not for `main`." in bench.told


def test_a_record_key__keys_everything_and_the_deploy_knows_it_again():
    bench = make_bench()
    key = Secret("0123456789abcdef")

    async def story():
        await bench.plan(record_key=key)
        return await bench.deploy(record_key=key)

    assert virtual(story).outputs["result"] == "deployed", bench.console.log


def test_a_record_key_that_is_left_out__is_why_nothing_is_known():
    """A push of code is refused by its name, and a pull request that is planned without the key brings it back."""
    bench = make_bench()
    key = Secret("0123456789abcdef")

    async def story():
        await bench.plan(record_key=key)
        await bench.deploy(record_key=key)
        bench.files["src/app.py"] = "2"
        pushed = await bench.deploy(image=NEWER)
        told = bench.console.log[0]
        bench.files["src/app.py"] = "3"
        await bench.plan()
        return pushed, told, await bench.deploy()

    pushed, told, merged = virtual(story)
    assert pushed.exit_code is ExitCode.NOT_REVIEWED
    assert "with the input record-key, which this run does not have: give the same key" in told
    assert "by hand:" not in told
    assert "Not as a deploy left it" not in told
    assert merged.exit_code is ExitCode.DONE, bench.console.log


def test_evidence_that_others_keep_changing__fails_the_job():
    bench = make_bench()

    def vouch_for_another() -> None:
        head = bench.github.world.pulls[bench.pull].head_sha
        bench.github.world.add_status(
            head,
            creator=BOT,
            state="success",
            context=CONTEXT,
            description=f"#{bench.pull} comment 1 sha256:{'0' * 64}",
        )

    async def story():
        bench.propose()
        for nth in range(1, 60):
            bench.github.hooks.before("list-statuses", vouch_for_another, nth=nth)
        await bench.plan(propose=False)

    with pytest.raises(OutsideError, match="changed by others"):
        virtual(story)
