"""How much of the past is read from GitHub: what decides, and no more, however much the repository holds."""

from __future__ import annotations

from collections import Counter

from entrypoint.kernel.errors import ExitCode
from tests.bench import MANIFEST, Bench, make_bench, virtual
from tests.simulator_github import branches


def open_pull(bench: Bench, **files: str) -> int:
    """A pull request of main's tip with some files changed; the bench's next jobs are about it."""
    world = bench.github.world
    name = f"own-{len(world.pulls)}"
    changes = {path.replace("__", "."): text for path, text in files.items()}
    bench.files |= changes
    branches.commit(world, name, changes, message=name, start=world.branches["main"].sha)
    bench.pull = branches.open_pull(world, name).number
    return bench.pull


def merge_unreviewed(bench: Bench, count: int) -> None:
    """Pull requests of code that nobody planned, as a team has them from before it used Flightplan."""
    for n in range(count):
        open_pull(bench, code=f"{n} of {count} after {len(bench.github.world.pulls)}")
        bench.merge()


async def reviewed(bench: Bench, threads: int) -> None:
    """Another number of threads: planned and merged."""
    open_pull(bench, fly__toml=MANIFEST.replace("--threads 8", f"--threads {threads}"))
    await bench.plan(propose=False, image="built-on-merge")
    bench.merge()


async def deploy(bench: Bench) -> tuple[ExitCode, Counter[str]]:
    """How a job ends, and what it asks GitHub."""
    bench.github.journal.clear()
    result = await bench.deploy()
    return result.exit_code, Counter(bench.github.journal.operations())


def test_again_at_the_green_tip__nothing_of_the_past_is_read():
    bench = make_bench()

    async def story():
        merge_unreviewed(bench, 20)
        await reviewed(bench, 9)
        return (await deploy(bench))[0], await deploy(bench)

    first, (code, asked) = virtual(story)
    assert (first, code) == (ExitCode.DONE, ExitCode.DONE)
    assert not asked.keys() & {"list-commits", "list-pulls", "list-statuses", "compare"}


def test_a_first_deploy_of_an_old_repository__reads_reviews_until_one_bounds_it():
    bench = make_bench()

    async def story():
        merge_unreviewed(bench, 110)
        await reviewed(bench, 9)
        merge_unreviewed(bench, 7)
        return await deploy(bench)

    code, asked = virtual(story)
    assert code is ExitCode.DONE, bench.console.log
    assert (asked["list-commits"], asked["list-statuses"]) == (1, 10)


def test_a_first_deploy_that_nothing_bounds__reads_so_many_reviews_and_is_refused():
    bench = make_bench()

    async def story():
        merge_unreviewed(bench, 20)
        await reviewed(bench, 9)
        merge_unreviewed(bench, 99)
        return await deploy(bench)

    code, asked = virtual(story)
    assert code is ExitCode.NOT_REVIEWED, bench.console.log
    assert asked["list-statuses"] == 30
    assert asked.total() < 120


def test_a_review_below_a_hundred_commits__is_found_on_the_next_page():
    bench = make_bench()

    async def story():
        await reviewed(bench, 9)
        for n in range(105):
            branches.commit(bench.github.world, "main", {"code": str(n)}, message="pushed")
        bench.files["code"] = "104"
        return await deploy(bench)

    code, asked = virtual(story)
    assert code is ExitCode.DONE, bench.console.log
    assert (asked["list-commits"], asked["list-statuses"]) == (3, 1)


def test_a_review_planned_long_ago__has_all_read_that_were_merged_since():
    """It bounds what counts by what it was planned on: the review that counts beside it is the eighth."""
    bench = make_bench()

    async def story():
        await reviewed(bench, 9)
        old = open_pull(bench, flightplan__toml="# nothing\n")
        await bench.plan(propose=False, image="built-on-merge")
        del bench.files["flightplan.toml"]
        await reviewed(bench, 10)
        merge_unreviewed(bench, 6)
        bench.pull, bench.files["flightplan.toml"] = old, "# nothing\n"
        return await deploy(bench)

    code, asked = virtual(story)
    assert code is ExitCode.DONE, bench.console.log
    assert asked["list-statuses"] == 9


def test_a_past_that_is_read_to_its_end__is_the_first_deploy():
    bench = make_bench()

    async def story():
        merge_unreviewed(bench, 3)
        return await deploy(bench)

    code, asked = virtual(story)
    assert code is ExitCode.NOT_REVIEWED
    assert (asked["list-commits"], asked["list-statuses"]) == (1, 3)
    assert "no review shows what was there before" in "\n".join(bench.console.log)
