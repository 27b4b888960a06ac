"""Release records, as `fly releases` shows them."""

from __future__ import annotations

from tests.simulator.state.model import App, Release
from tests.simulator.state.refusals import invalid, not_found
from tests.simulator.state.world import World

STATUSES = frozenset({"pending", "running", "complete", "failed", "interrupted", "dangerous"})


def open_release(world: World, app: App, *, image: str, strategy: str, definition: object) -> Release:
    """The next record of the app."""
    number = app.releases[-1].version + 1 if app.releases else 1
    release = Release(
        id="rel_" + world.dice.bits("release", app.name, number).hex()[:14],
        version=number,
        status="pending",
        strategy=strategy,
        image=image,
        definition=definition,
        created_at=world.now,
    )
    app.releases.append(release)
    return release


def close_release(release: Release, *, status: object, metadata: object) -> None:
    """Say how the release goes."""
    if status not in STATUSES:
        raise invalid(f"invalid release status: {status!r}")
    release.status = str(status)
    if metadata is not None:
        release.metadata = metadata


def find_release(world: World, ident: str) -> Release:
    """The record of that id, of whatever app."""
    for app in world.apps.values():
        for release in app.releases:
            if release.id == ident:
                return release
    raise not_found("release not found")
