"""Deploys of every kind: flyctl completes, and the fleet is what flyctl says it is, in its output and in `flyctl machine list`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from entrypoint.kernel.run import Gate
from tests.bench import make_bench, virtual
from tests.contract.flyctl.running import Ended, Flyctl
from tests.contract.flyctl.transcript import Transcript
from tests.simulator.thread import run_simulator_here

pytestmark = pytest.mark.flyctl

EXAMPLE = Path(__file__).parents[3] / "examples" / "acme-shop"
THREE_GROUPS = (EXAMPLE / "before.toml").read_text("utf-8")
FLEET = json.loads((EXAMPLE / "fleet.json").read_text("utf-8"))
NO_VOLUME, VOLUME = (
    THREE_GROUPS[: THREE_GROUPS.index("[[mounts]]")],
    THREE_GROUPS[THREE_GROUPS.index("[[mounts]]") :],
)
NEW = "registry.fly.io/acme-shop:v42"
FOUR_GROUPS = (EXAMPLE / "fly.toml").read_text("utf-8")
TWO_GROUPS = NO_VOLUME.replace('  cron = "supercronic /app/crontab"\n', "")
TWO_GROUP_FLEET = {
    **FLEET,
    "machines": [m for m in FLEET["machines"] if m["config"] != "cron"],
    "volumes": [],
}
FAILING_COMMAND = {
    "group": "fly_app_release_command",
    "task_exit_code": 1,
    "task_output": "column does not exist",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A deploy: of what, to what, and how it ends."""

    title: str
    toml: str = THREE_GROUPS
    flags: tuple[str, ...] = ()
    fleet: dict[str, Any] = field(default_factory=lambda: FLEET)
    behaviour: dict[str, Any] | None = None
    speed: float = 50.0
    code: int = 0


STORIES = {
    "update": Story(title="A rolling update of three groups"),
    "first": Story(title="A first deploy", fleet={"app": "acme-shop", "status": "pending"}),
    "added": Story(title="A group is added", toml=FOUR_GROUPS),
    "removed": Story(
        title="A group is removed",
        toml=THREE_GROUPS.replace('  worker = "bin/worker --queue default"\n', ""),
    ),
    "release command": Story(title="A release command fails", behaviour=FAILING_COMMAND, code=1),
    "no volume": Story(
        title="A volume is missing",
        toml=TWO_GROUPS + VOLUME.replace('"cron"', '"worker"'),
        fleet=TWO_GROUP_FLEET,
        code=1,
    ),
    "volume": Story(
        title="A group with a volume, alone",
        flags=("--process-groups", "cron", "--skip-release-command"),
    ),
    **{
        strategy: Story(
            title=f"Strategy {strategy}",
            toml=TWO_GROUPS.replace("rolling", strategy),
            fleet=TWO_GROUP_FLEET,
        )
        for strategy in ("immediate", "canary", "bluegreen")
    },
    "checks": Story(
        title="Checks that never pass",
        flags=("--process-groups", "web", "--wait-timeout", "5s", "--skip-release-command"),
        behaviour={"image": NEW, "group": "web", "checks": "never"},
        code=1,
    ),
    "crash loop": Story(
        title="An image that crashes again and again",
        flags=("--process-groups", "web", "--smoke-checks=true", "--skip-release-command"),
        behaviour={"image": NEW, "boot": "crash", "exit_after": 10.0},
        speed=20.0,
        code=1,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How it ended, the fleet before and after."""

    ended: Ended
    before: dict[str, Any]
    after: dict[str, Any]

    def groups(self, image: str | None = None) -> dict[str, int]:
        """Machines of each group, of one image if given."""
        counts: dict[str, int] = {}
        for machine in self.after["machines"]:
            if image in {None, machine["config"]["image"]}:
                counts[machine["group"]] = counts.get(machine["group"], 0) + 1
        return counts


def tell(program: Path, folder: Path, story: Story) -> Told:
    """Deploy, and hold what flyctl says against what is there."""
    folder.mkdir()
    faults = {"behaviours": [story.behaviour]} if story.behaviour else None
    with run_simulator_here(story.fleet, faults=faults, speed=story.speed) as simulator:
        flyctl = Flyctl(program=program, folder=folder, simulator=simulator)
        before = flyctl.fleet()
        ended = flyctl.deploy(story.toml, *story.flags)
        after = flyctl.fleet()
        assert ended.code == story.code, ended.said
        _check_report(ended, before, after)
        _check_list(flyctl)
        assert all("lease" not in machine for machine in after["machines"])
        assert simulator.violations() == []
        return Told(ended=ended, before=before, after=after)


Tales = dict[str, Future[Told]]


@pytest.fixture(scope="module")
def told(program: Path, tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> Iterator[Tales]:
    """All of them, begun side by side: flyctl mostly waits."""
    folder = tmp_path_factory.mktemp("stories")
    with ThreadPoolExecutor(6) as pool:
        begun = {
            name: pool.submit(tell, program, folder / name.replace(" ", "-"), STORIES[name])
            for name in sorted(STORIES, key=lambda name: name not in {"bluegreen", "release command"})
        }
        yield begun
    for name, story in STORIES.items():
        if begun[name].exception() is None:
            done = begun[name].result()
            transcript.tell(story.title, done.ended, before=done.before, after=done.after)


def _check_report(ended: Ended, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Every machine it says it made, changed or destroyed is there, new, or gone; no others came, went or changed."""
    was, now = ({m["id"]: m for m in fleet["machines"]} for fleet in (before, after))
    assert set(now) == (set(was) | ended.created) - ended.destroyed
    for ident, machine in now.items():
        if ident in ended.changed | ended.created:
            assert machine["config"]["image"] == NEW
        else:
            assert machine["instance_id"] == was[ident]["instance_id"]


def _check_list(flyctl: Flyctl) -> None:
    """`flyctl machine list` shows the fleet as it is. Read before and after: it may still move."""
    for _ in range(20):
        before, listed, after = _outline(flyctl.fleet()), flyctl.list_machines(), _outline(flyctl.fleet())
        if before == after:
            assert _outline({"machines": listed}) == after
            return
    raise AssertionError("the fleet does not come to rest")


def _outline(fleet: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What flyctl shows of machines, apart from what Go leaves out or fills in."""
    return sorted(
        (
            *(m[key] for key in ("id", "name", "state", "region", "instance_id")),
            m["image_ref"]["digest"],
            m["config"]["image"],
            json.dumps(m["config"]["metadata"], sort_keys=True),
        )
        for m in fleet["machines"]
    )


def test_update_of_three_groups(told: Tales) -> None:
    update = told["update"].result()
    assert update.groups(NEW) == {"web": 3, "worker": 2, "cron": 1}
    assert "release_command" in update.ended.said
    release = update.after["releases"][-1]
    assert (release["version"], release["status"]) == (42, "complete")


def test_first_deploy(told: Tales) -> None:
    first = told["first"].result()
    assert first.groups(NEW) == {"web": 2, "worker": 2, "cron": 1}
    (volume,) = first.after["volumes"]
    (cron,) = (m for m in first.after["machines"] if m["group"] == "cron")
    assert volume["attached_machine_id"] == cron["id"]
    (standby,) = (m for m in first.after["machines"] if m["config"].get("standbys"))
    assert standby["group"] == "worker"
    assert standby["state"] in {"created", "stopped"}


def test_a_group_is_added(told: Tales) -> None:
    assert told["added"].result().groups(NEW) == {"web": 3, "worker": 2, "cron": 1, "mailer": 2}


def test_a_group_is_removed(told: Tales) -> None:
    removed = told["removed"].result()
    assert removed.groups(NEW) == removed.groups() == {"web": 3, "cron": 1}


def test_a_release_command_fails(told: Tales) -> None:
    failed = told["release command"].result()
    assert "release command failed" in failed.ended.said
    assert "column does not exist" in failed.ended.said
    assert failed.groups(NEW) == {}
    assert failed.after["releases"][-1]["status"] == "failed"


def test_a_volume_that_is_missing(told: Tales) -> None:
    refused = told["no volume"].result()
    assert "volumes with name 'data'" in refused.ended.said
    assert refused.groups(NEW) == {}


def test_a_volume_stays_with_its_machine(told: Tales) -> None:
    kept = told["volume"].result()
    assert kept.groups(NEW) == {"cron": 1}
    assert kept.after["volumes"] == kept.before["volumes"]


@pytest.mark.parametrize("strategy", ["immediate", "canary", "bluegreen"])
def test_strategies(strategy: str, told: Tales) -> None:
    done = told[strategy].result()
    assert done.groups(NEW) == done.groups() == {"web": 3, "worker": 2}
    kept = {m["id"] for m in done.before["machines"]} & {m["id"] for m in done.after["machines"]}
    assert len(kept) == (0 if strategy == "bluegreen" else 5)
    assert not any(m["cordoned"] for m in done.after["machines"])
    assert f"with {strategy} strategy" in done.ended.said


@pytest.mark.parametrize("strategy", ["immediate", "canary", "bluegreen"])
def test_a_strategy_of_ours__ends_in_the_same_fleet(strategy: str, told: Tales) -> None:
    """But for marks and ids. How it gets there differs by name: docs/flyctl-differences.md, canary-… and bluegreen-…"""
    theirs, story = told[strategy].result(), STORIES[strategy]
    bench = make_bench(manifest=story.toml, fleet=story.fleet)
    result = virtual(lambda: bench.deploy(gate=Gate.NONE))
    assert result.outputs["result"] == "deployed", bench.console.log
    ours = [m.config for m in bench.machines().values()]
    assert _plain(ours) == _plain([m["config"] for m in theirs.after["machines"]])


def _plain(configs: list[dict[str, Any]]) -> list[str]:
    kept = [
        {key: value for key, value in config.items() if key != "metadata"}
        | {"image": config["image"].partition("@")[0]}
        for config in configs
    ]
    return sorted(json.dumps(config, sort_keys=True) for config in kept)


def test_rolling_waits_for_checks(told: Tales) -> None:
    """They never pass: the deploy ends with one web machine on the new image, the spearhead."""
    failed = told["checks"].result()
    assert failed.groups(NEW) == {"web": 1}
    assert "timeout reached waiting for health checks to pass" in failed.ended.said


def test_a_crash_loop_is_refused(told: Tales) -> None:
    refused = told["crash loop"].result()
    assert "the app appears to be crashing" in refused.ended.said
    assert refused.groups(NEW) == {"web": 1}
