"""Deploys of some groups or regions under the gate: what they write, and what they leave to be deployed."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.errors import ExitCode
from tests.bench import FLEET, MANIFEST, Bench, make_bench, virtual

SHOP = MANIFEST.replace('  release_command = "bin/migrate"\n', "").replace('  mailer = "bin/mailer"\n', "")
ALL = {machine["id"] for machine in FLEET["machines"]}


def updated(bench: Bench) -> set[str]:
    return {w.split()[1] for w in bench.writes() if w.startswith("machine_update")}


def of(bench: Bench, group: str) -> set[str]:
    return {machine.id for machine in bench.groups()[group]}


def done_marks(bench: Bench) -> int:
    return sum("flightplan_done" in m.config["metadata"] for m in bench.machines().values())


async def whole(bench: Bench) -> Any:
    """One green deploy of everything."""
    await bench.plan()
    result = await bench.deploy()
    bench.sim.journal.entries.clear()
    bench.files["fly.toml"] = bench.files["fly.toml"].replace('LOG_LEVEL = "info"', 'LOG_LEVEL = "warn"')
    return result


def test_a_group__then_everything__of_one_review_each() -> None:
    """The first deploy of a part leaves the done mark where it was: the merge still counts, and the deploy of all covers it."""
    bench = make_bench(manifest=SHOP)

    async def story() -> list[Any]:
        first = await whole(bench)
        planned = await bench.plan(groups=("web",))
        part = await bench.deploy(groups=("web",))
        wrote = updated(bench)
        log = "".join(bench.console.log)
        again = await bench.deploy(groups=("web",)), len(updated(bench))
        without = await bench.deploy()
        return [first, planned, part, wrote, log, again, without]

    first, planned, part, wrote, log, again, without = virtual(story)
    assert first.exit_code is ExitCode.DONE
    assert planned.outputs["kept"] == str(len(ALL) - 3)
    assert (part.outputs["result"], wrote) == ("deployed", of(bench, "web"))
    assert "not marked" in log
    assert again[0].exit_code is ExitCode.DONE
    assert again[1] == len(wrote), "it was written again"
    # The last green deploy of everything had no filter, so none is needed; what the merge changed was reviewed.
    assert without.outputs["result"] == "deployed", bench.console.log
    assert updated(bench) == set(bench.machines())


def test_a_deploy_of_a_part__does_not_make_the_gate_believe_in_the_whole() -> None:
    """A direct push that edits fly.toml is refused before the deploy of a part, and after it just the same."""
    bench = make_bench(manifest=SHOP)

    async def story() -> list[Any]:
        await whole(bench)
        await bench.plan(groups=("web",))
        await bench.deploy(groups=("web",))
        bench.files["fly.toml"] = bench.files["fly.toml"].replace("warn", "debug")
        bench.push()
        pushed = await bench.deploy(groups=("web",))
        return [pushed]

    (pushed,) = virtual(story)
    assert pushed.exit_code is ExitCode.NOT_REVIEWED


@pytest.mark.parametrize("inputs", [{"groups": ("web",)}, {"regions": ("ams",)}])
def test_a_filter_that_nobody_reviewed__is_refused(inputs: dict[str, Any]) -> None:
    bench = make_bench(manifest=SHOP)

    async def story() -> Any:
        await whole(bench)
        await bench.plan()
        return await bench.deploy(**inputs)

    result = virtual(story)
    assert result.exit_code is ExitCode.NOT_REVIEWED
    assert updated(bench) == set()


def test_parts_that_are_all__are_marked_by_the_last_of_them() -> None:
    """Then a push that changes code only needs no review, with no filter."""
    bench = make_bench(manifest=SHOP)

    async def story() -> list[Any]:
        await whole(bench)
        results = []
        groups = (("web",), ("worker", "cron"))
        await bench.plan(groups=groups[0])
        results.append(await bench.deploy(groups=groups[0]))
        bench.files["fly.toml"] += "\n# more\n"
        await bench.plan(groups=groups[1])
        results.append(await bench.deploy(groups=groups[1]))
        log = "".join(bench.console.log)
        bench.files["app.py"] = "new"
        bench.push()
        results.append(await bench.deploy())
        return [*results, log]

    web, others, code, log = virtual(story)
    assert [r.outputs["result"] for r in (web, others, code)] == ["deployed", "deployed", "nothing-to-do"]
    assert "not marked" not in log


def test_a_region() -> None:
    bench = make_bench(manifest=SHOP)

    async def story() -> Any:
        await whole(bench)
        await bench.plan(regions=("gru",), scale="web=ams:3,gru:1")
        return await bench.deploy(regions=("gru",), scale="web=ams:3,gru:1")

    assert virtual(story).outputs["result"] == "deployed"
    regions = {bench.machines()[id_].region for id_ in updated(bench)}
    assert regions == {"gru"}
    assert not [w for w in bench.writes() if w.startswith("machine_create")]
