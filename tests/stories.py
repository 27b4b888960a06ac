"""What `make demo` can play: STORY=merge (the default), bluegreen, rollback, volumes. Each starts from examples/acme-shop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.stage import EXAMPLE, Stage, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`about` is said before it begins; `ends` is the exit code of the deploy."""

    about: str
    manifest: str
    fleet: dict[str, Any]
    policy: str = ""
    faults: Path | None = None
    ends: int = 0


def stories() -> dict[str, Story]:
    """By name, read from the example's files at this moment."""
    manifest = (EXAMPLE / "fly.toml").read_text("utf-8")
    fleet = json.loads((EXAMPLE / "fleet.json").read_text("utf-8"))
    return {
        "merge": Story(
            about="changes its fly.toml: examples/acme-shop/fly.toml.", manifest=manifest, fleet=fleet
        ),
        "bluegreen": Story(
            about="deploys it blue-green: new machines beside the old ones, proven before they get a request.",
            manifest=_without_volumes(manifest)
            .replace('  mailer = "bin/mailer"\n', "")
            .replace('strategy = "rolling"', 'strategy = "bluegreen"')
            .replace("  max_unavailable = 2\n", ""),
            fleet=_without(fleet, "9185732c2e1d48", "6e82994ea3d7e8"),
        ),
        "rollback": Story(
            about="brings a version that ends with code 7 a moment after its check has passed.",
            manifest=manifest,
            fleet=fleet,
            faults=EXAMPLE / "faults" / "exits-after-passing.json",
            ends=5,
        ),
        "volumes": Story(
            about="adds a group with a volume of its own, and asks for a snapshot and more room where there is one.",
            manifest=manifest.replace(
                '  mailer = "bin/mailer"\n', '  mailer = "bin/mailer"\n  search = "bin/search"\n'
            )
            + '\n[[mounts]]\n  processes = ["search"]\n  source = "index"\n  destination = "/index"\n  initial_size = "2gb"\n',
            fleet=fleet,
            policy='[groups.cron]\nsnapshot = true\nvolume_size = "3gb"\n',
        ),
    }


@contextmanager
def playing(story: Story, *, speed: float) -> Iterator[Stage]:
    """The stage of a story."""
    with TemporaryDirectory(prefix="flightplan-story-") as folder:
        manifest, fleet = Path(folder) / "fly.toml", Path(folder) / "fleet.json"
        manifest.write_text(story.manifest, "utf-8")
        fleet.write_text(json.dumps(story.fleet), "utf-8")
        with stage(fleet=fleet, manifest=manifest, speed=speed, faults=story.faults) as here:
            if story.policy:
                (here.workspace / "flightplan.toml").write_text(story.policy, "utf-8")
            yield here


def _without_volumes(manifest: str) -> str:
    head, _, rest = manifest.partition("[[mounts]]")
    return head.replace('  cron = "supercronic /app/crontab"\n', "") + rest.partition("\n\n")[2]


def _without(fleet: dict[str, Any], *ids: str) -> dict[str, Any]:
    """Without these machines, and without volumes."""
    machines = [machine for machine in fleet["machines"] if machine["id"] not in ids]
    return {**fleet, "machines": machines, "volumes": []}
