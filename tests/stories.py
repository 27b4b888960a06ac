"""What `make demo` can play: STORY=merge (the default), bluegreen, rollback, volumes, from examples/acme-shop; or REPO=folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dulwich.errors import NotGitRepository
from dulwich.object_store import tree_lookup_path
from dulwich.objects import Commit
from dulwich.repo import Repo

from tests.stage import EXAMPLE, Stage, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`about` is said before it begins; `ends` is the exit code of the deploy."""

    about: str
    manifest: str
    fleet: dict[str, Any]
    policy: str = ""
    files: dict[str, str] = field(default_factory=dict)
    """More files, by path."""
    before: str = ""
    """The fly.toml that is deployed before the pull request is opened; empty: the fleet stands as it is."""
    title: str = "web: eight threads; a mailer"
    again: str = (
        "Change examples/acme-shop/fly.toml and run it again: plan, rollout and fleets change with it."
    )
    """Said at the end: what to try next."""
    faults: Path | None = None
    ends: int = 0

    @property
    def app(self) -> str:
        """Its name at Fly."""
        return str(self.fleet["app"])


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
        with stage(fleet=fleet, manifest=manifest, speed=speed, faults=story.faults, app=story.app) as here:
            here.title = story.title
            for path, text in (
                story.files | ({"flightplan.toml": story.policy} if story.policy else {})
            ).items():
                target = here.workspace / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
            yield here


def tell_own(folder: Path) -> Story:
    """The fly.toml of `folder` as a pull request. What the last commit has of it is live before, if that is another text.

    OSError: there is none; ValueError: it is not TOML, or names no app.
    """
    manifest = (folder / "fly.toml").read_text("utf-8")
    read = tomllib.loads(manifest)
    app = read.get("app")
    if not isinstance(app, str) or not app:
        raise ValueError('it has no line app = "…"')
    policy = folder / "flightplan.toml"
    before = _committed(folder / "fly.toml")
    changed = bool(before) and before != manifest
    path = folder / "fly.toml"
    change = f"Change {path}" if before == manifest else f"Commit {path}, change it,"
    return Story(
        about=f"brings {folder / 'fly.toml'} as it is now"
        + ("; the last commit's is live." if changed else ". The app has no machines yet."),
        manifest=manifest,
        policy=policy.read_text("utf-8") if policy.is_file() else "",
        files=_named_files(folder, read),
        before=before if changed else "",
        fleet={"app": app, "status": "pending"},
        title="A change of fly.toml",
        again=f"{change} and run it again: the change is planned on what the commit deploys.",
    )


def _committed(path: Path) -> str:
    """The file as the last commit has it; empty where there is no commit of it."""
    try:
        with Repo.discover(str(path.parent)) as repository:
            inside = path.resolve().relative_to(Path(repository.path).resolve())
            commit = repository[repository.head()]
            assert isinstance(commit, Commit)
            _, oid = tree_lookup_path(repository.__getitem__, commit.tree, inside.as_posix().encode())
            return repository[oid].as_raw_string().decode("utf-8", "replace")
    except (NotGitRepository, KeyError, ValueError):
        return ""


def _named_files(folder: Path, manifest: dict[str, Any]) -> dict[str, str]:
    """The texts that [[files]] names by local_path, within the folder."""
    entries = manifest.get("files")
    paths = [str(e["local_path"]) for e in entries or [] if isinstance(e, dict) and "local_path" in e]
    return {
        path: (folder / path).read_text("utf-8", "replace")
        for path in paths
        if (folder / path).resolve().is_relative_to(folder.resolve()) and (folder / path).is_file()
    }


def _without_volumes(manifest: str) -> str:
    head, _, rest = manifest.partition("[[mounts]]")
    return head.replace('  cron = "supercronic /app/crontab"\n', "") + rest.partition("\n\n")[2]


def _without(fleet: dict[str, Any], *ids: str) -> dict[str, Any]:
    """Without these machines, and without volumes."""
    machines = [machine for machine in fleet["machines"] if machine["id"] not in ids]
    return {**fleet, "machines": machines, "volumes": []}
