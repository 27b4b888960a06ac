"""The check in a merge queue: what a deploy of the commit would be told, in words for somebody whose pull request is not merged yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import AllowDestroy, Command
from entrypoint.modes.deploy import check
from entrypoint.modes.plan import plan
from entrypoint.modes.result import Result
from tests.bench import FLEET, IMAGE, MANIFEST, Bench, make_bench, make_inputs, make_run, virtual
from tests.simulator_github import branches

THREADS = MANIFEST.replace("--threads 8", "--threads 9")
EMPTY = {**FLEET, "machines": [], "volumes": FLEET["volumes"]}
BUILT = f"{IMAGE}@sha256:{'4' * 64}"


async def queued(bench: Bench, *, image: str | None = "built-on-merge", **inputs: Any) -> Result:
    """The job of merge_group for the newest pull request, which goes to the end of the queue."""
    entry = branches.enqueue(bench.github.world, bench.pull)
    bench._check_out(entry.head)
    ref = f"refs/heads/gh-readonly-queue/main/pr-{bench.pull}-{entry.base}"
    run = make_run("merge_group")._replace(sha=entry.head, ref=ref)
    return await check(make_inputs(command=Command.AUTO, image=image, **inputs), run, bench.world())


async def landed(bench: Bench, **inputs: Any) -> Result:
    """The queue merges what it checked, and the push deploys it."""
    return await bench.deploy_commit(branches.complete(bench.github.world, "main"), **inputs)


def without_digests(bench: Bench) -> None:
    """Machines of whose images nobody knows the digest."""
    for machine in bench.machines().values():
        machine.image = replace(machine.image, digest="")
        machine.config["image"] = IMAGE


async def once_deployed(bench: Bench) -> None:
    """A first pull request, planned, merged and deployed."""
    await bench.plan(image="built-on-merge")
    await bench.deploy(image=BUILT)


def refusal(bench: Bench) -> str:
    """The refusal in the log, without the plan that follows it."""
    return next(line for line in bench.console.log if "reviewed" in line)


@pytest.mark.parametrize("fleet", ["none", "digest unknown"])
def test_an_image_that_is_built_on_the_merge__has_no_digest_yet(fleet):
    bench = make_bench(fleet=EMPTY if fleet == "none" else FLEET)
    if fleet != "none":
        without_digests(bench)

    async def story():
        await bench.plan(image="built-on-merge")
        checked = await queued(bench)
        assert (checked.exit_code, checked.outputs["result"]) == (ExitCode.DONE, "reviewed"), (
            bench.console.log
        )
        assert bench.writes() == []
        assert bench.said(outcome=True) == []
        return await landed(bench, image=BUILT)

    assert virtual(story).outputs["result"] == "deployed", bench.console.log


def test_an_image_that_is_given__needs_its_digest_in_the_queue_too():
    """Only what stands for an image that is built later may be without one."""
    bench = make_bench()
    without_digests(bench)

    async def story():
        await bench.plan(image=None)
        return await queued(bench, image=None)

    assert virtual(story).exit_code is ExitCode.NOT_REVIEWED
    assert "No digest is known for the image" in refusal(bench)
    assert "Give the image with its digest" in refusal(bench)


def test_an_image_of_another_tree__is_refused_in_the_queue_too():
    """Built in the pull request, before another one was merged."""
    bench = make_bench()

    async def story():
        await once_deployed(bench)
        start = bench.github.world.branches["main"].sha
        for name in ("one", "two"):
            branches.commit(bench.github.world, name, {f"src/{name}.py": "1"}, message=name, start=start)
        bench.pull = branches.open_pull(bench.github.world, "two").number
        await bench.plan(propose=False, image=BUILT)
        branches.merge_pull(bench.github.world, branches.open_pull(bench.github.world, "one").number)
        refused = await queued(bench, image=None)
        text = refusal(bench)
        branches.eject(bench.github.world, "main", bench.pull)
        branches.update_branch(bench.github.world, bench.pull)
        await bench.plan(propose=False, image=BUILT)
        return refused, text, await queued(bench, image=None)

    refused, text, passed = virtual(story)
    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert f"The image that #{bench.pull} was planned with was built before" in text
    assert f"Update the branch of #{bench.pull} with its base branch" in text
    assert passed.outputs["result"] == "reviewed", bench.console.log


def test_a_refusal__lists_only_what_stops_it_and_how_to_go_on():
    bench = make_bench()

    async def story():
        await once_deployed(bench)
        bench.files["fly.toml"] = THREADS
        bench.propose()  # and not planned
        return await queued(bench)

    assert virtual(story).exit_code is ExitCode.NOT_REVIEWED
    head = bench.github.world.pulls[bench.pull].head_sha[:7]
    for text in (refusal(bench), bench.told.partition("-->")[2]):
        assert "not ready to merge: 1 thing not reviewed" in text
        assert "built-on-merge" not in text
        assert "approve" not in text
        assert "deployed" not in text
        last = text.replace("`", "").partition("for its last commit, ")[2].lstrip("[")
        assert last.startswith(head)
        assert f"Plan #{bench.pull} as it is now: push a commit to it, or run this workflow by hand" in text
        assert f"pull-request: {bench.pull}" in text
        assert "Then add the pull request to the merge queue again." in text
    assert bench.told.partition("-->")[2].strip() in bench.console.summaries[0]
    assert not any("deploy" in line for line in bench.console.log), bench.console.log


@pytest.mark.parametrize("way", ["a commit is pushed", "by hand"])
def test_planned_as_the_refusal_says__it_passes(way):
    bench = make_bench()

    async def story():
        bench.files["fly.toml"] = THREADS
        bench.propose()
        refused = await queued(bench)
        branches.eject(bench.github.world, "main", bench.pull)
        if way == "by hand":
            by_hand = make_inputs(command=Command.AUTO, image="built-on-merge", pull_request=bench.pull)
            await plan(by_hand, make_run("workflow_dispatch"), bench.world())
        else:
            bench.files["src/app.py"] = "2"
            await bench.plan(image="built-on-merge")
        return refused, await queued(bench)

    refused, passed = virtual(story)
    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert passed.outputs["result"] == "reviewed", bench.console.log


def test_a_change_that_is_merged_already__is_shown_by_a_new_plan_of_the_one_in_the_queue():
    """A merged pull request cannot be planned again, and gets no comment about a queue that it is not in."""
    bench = make_bench()

    async def story():
        await once_deployed(bench)
        bench.files["flightplan.toml"] = "[groups.web]\ncount = 3\n"
        bench.propose()  # and not planned
        bench.merge()
        merged = bench.pull
        start = bench.github.world.branches["main"].sha
        branches.commit(bench.github.world, "code", {"src/app.py": "2"}, message="Code", start=start)
        bench.pull = branches.open_pull(bench.github.world, "code").number
        refused = await queued(bench)
        text = refusal(bench)
        assert f"which came with #{merged}: it has no plan" in text
        assert f"Plan #{bench.pull} as it is now" in text
        assert f"Plan #{merged} as it is now" not in text
        assert {c.pull for c in bench.said(outcome=True) if "not ready to merge" in c.body} == {bench.pull}
        branches.eject(bench.github.world, "main", bench.pull)
        await bench.plan(propose=False, image="built-on-merge")
        return refused, await queued(bench)

    refused, passed = virtual(story)
    assert refused.exit_code is ExitCode.NOT_REVIEWED
    assert passed.outputs["result"] == "reviewed", bench.console.log


def test_an_input_of_the_queue_only__is_told_as_that():
    bench = make_bench()

    async def story():
        await bench.plan(image="built-on-merge")
        return await queued(bench, scale="web=4")

    assert virtual(story).exit_code is ExitCode.NOT_REVIEWED
    assert "the same inputs for the pull request, the merge queue and the push" in refusal(bench)


def test_a_plan_that_was_blocked_meanwhile__is_not_told_as_a_deploy():
    """Reviewed with consent, which the queue's job lacks."""
    bench = make_bench(manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', ""))

    async def story():
        await bench.plan(image="built-on-merge", allow_destroy=AllowDestroy.ALL)
        return await queued(bench)

    assert virtual(story).exit_code is ExitCode.BLOCKED
    assert "not ready to merge: 1 problem" in bench.told
    assert "not deployed" not in bench.told
