"""Deploys of every kind: flyctl completes, and the fleet is what flyctl says it is, in its output and in `flyctl machine list`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.flyctl.conftest import Start
from tests.contract.flyctl.running import Ended, Flyctl
from tests.contract.flyctl.transcript import Transcript

pytestmark = pytest.mark.flyctl

EXAMPLE = Path(__file__).parents[3] / "examples" / "acme-shop"
THREE_GROUPS = (EXAMPLE / "before.toml").read_text("utf-8")
FLEET = json.loads((EXAMPLE / "fleet.json").read_text("utf-8"))
NO_VOLUME = THREE_GROUPS[: THREE_GROUPS.index("[[mounts]]")]
NEW = "registry.fly.io/acme-shop:v42"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A deploy: how it ended, the fleet before and after."""

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


def tell(flyctl: Flyctl, transcript: Transcript, title: str, toml: str, *flags: str, code: int = 0) -> Told:
    """Deploy, write it down, and hold what flyctl says against what is there."""
    before = flyctl.fleet()
    ended = flyctl.deploy(toml, *flags)
    after = flyctl.fleet()
    transcript.tell(title, ended, before=before, after=after)
    assert ended.code == code, ended.said
    _check_report(ended, before, after)
    _check_list(flyctl)
    assert all("lease" not in machine for machine in after["machines"])
    return Told(ended=ended, before=before, after=after)


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


def test_update_of_three_groups(start: Start, transcript: Transcript) -> None:
    told = tell(start(FLEET), transcript, "A rolling update of three groups", THREE_GROUPS)
    assert told.groups(NEW) == {"web": 3, "worker": 2, "cron": 1}
    assert "release_command" in told.ended.said
    assert (told.after["releases"][-1]["version"], told.after["releases"][-1]["status"]) == (42, "complete")


def test_first_deploy(start: Start, transcript: Transcript) -> None:
    flyctl = start({"app": "acme-shop", "status": "pending"})
    told = tell(flyctl, transcript, "A first deploy", THREE_GROUPS)
    assert told.groups(NEW) == {"web": 2, "worker": 2, "cron": 1}
    (volume,) = told.after["volumes"]
    (cron,) = (m for m in told.after["machines"] if m["group"] == "cron")
    assert volume["attached_machine_id"] == cron["id"]
    (standby,) = (m for m in told.after["machines"] if m["config"].get("standbys"))
    assert (standby["group"], standby["state"] in {"created", "stopped"}) == ("worker", True)


def test_a_group_is_added(start: Start, transcript: Transcript) -> None:
    toml = (EXAMPLE / "fly.toml").read_text("utf-8")
    told = tell(start(FLEET), transcript, "A group is added", toml)
    assert told.groups(NEW) == {"web": 3, "worker": 2, "cron": 1, "mailer": 2}


def test_a_group_is_removed(start: Start, transcript: Transcript) -> None:
    toml = THREE_GROUPS.replace('  worker = "bin/worker --queue default"\n', "")
    told = tell(start(FLEET), transcript, "A group is removed", toml)
    assert told.groups(NEW) == told.groups() == {"web": 3, "cron": 1}


def test_a_release_command_fails(start: Start, transcript: Transcript) -> None:
    behaviour = {
        "group": "fly_app_release_command",
        "task_exit_code": 1,
        "task_output": "column does not exist",
    }
    flyctl = start(FLEET, faults={"behaviours": [behaviour]})
    told = tell(flyctl, transcript, "A release command fails", THREE_GROUPS, code=1)
    assert "release command failed" in told.ended.said
    assert "column does not exist" in told.ended.said
    assert told.groups(NEW) == {}
    assert told.after["releases"][-1]["status"] == "failed"


def test_a_volume_that_is_missing(start: Start, transcript: Transcript) -> None:
    mounts = THREE_GROUPS[THREE_GROUPS.index("[[mounts]]") :].replace('"cron"', '"worker"')
    told = tell(start(FLEET), transcript, "A volume is missing", NO_VOLUME + mounts, code=1)
    assert "volume" in told.ended.said
    assert told.groups(NEW) == {}


def test_a_volume_stays_with_its_machine(start: Start, transcript: Transcript) -> None:
    flags = ("--process-groups", "cron", "--skip-release-command")
    told = tell(start(FLEET), transcript, "A group with a volume, alone", THREE_GROUPS, *flags)
    assert told.groups(NEW) == {"cron": 1}
    assert told.after["volumes"] == told.before["volumes"]


@pytest.mark.parametrize("strategy", ["immediate", "canary", "bluegreen"])
def test_strategies(strategy: str, start: Start, transcript: Transcript) -> None:
    fleet = {**FLEET, "machines": [m for m in FLEET["machines"] if m["config"] != "cron"], "volumes": []}
    toml = NO_VOLUME.replace('  cron = "supercronic /app/crontab"\n', "").replace("rolling", strategy)
    told = tell(start(fleet), transcript, f"Strategy {strategy}", toml)
    assert told.groups(NEW) == told.groups() == {"web": 3, "worker": 2}
    kept = {m["id"] for m in told.before["machines"]} & {m["id"] for m in told.after["machines"]}
    assert len(kept) == (0 if strategy == "bluegreen" else 5)
    assert not any(m["cordoned"] for m in told.after["machines"])


def test_rolling_waits_for_checks(start: Start, transcript: Transcript) -> None:
    """Checks that never pass end the deploy, with one web machine on the new image: the spearhead."""
    flyctl = start(FLEET, faults={"behaviours": [{"image": NEW, "group": "web", "checks": "never"}]})
    flags = ("--process-groups", "web", "--wait-timeout", "5s", "--skip-release-command")
    told = tell(flyctl, transcript, "Checks that never pass", THREE_GROUPS, *flags, code=1)
    assert told.groups(NEW) == {"web": 1}
    assert "failed" in told.ended.said


def test_a_crash_loop_is_refused(start: Start, transcript: Transcript) -> None:
    behaviour = {"image": NEW, "boot": "crash", "exit_after": 10.0}
    flyctl = start(FLEET, faults={"behaviours": [behaviour]}, speed=20.0)
    flags = ("--process-groups", "web", "--smoke-checks=true", "--skip-release-command")
    told = tell(flyctl, transcript, "An image that crashes again and again", THREE_GROUPS, *flags, code=1)
    assert "the app appears to be crashing" in told.ended.said
    assert told.groups(NEW) == {"web": 1}


def test_flyctl_shows_the_app_its_releases_and_volumes(start: Start) -> None:
    flyctl = start(FLEET)
    for words, shown in (
        (("status",), "148ed21a031189"),
        (("releases",), "v41"),
        (("volumes", "list"), "vol_4xj2k9w8m5r7q1zd"),
        (("checks", "list"), "servicecheck-00-http-8080"),
        (("scale", "show"), "worker"),
        (("config", "show"), "bin/worker --queue default"),
        (("secrets", "list"), "DATABASE_URL"),
    ):
        ended = flyctl.run(*words, "--app", "acme-shop")
        assert (ended.code, shown in ended.said) == (0, True), ended
