"""The ports that a command gets, each made when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import anyio

    from entrypoint.kernel.ids import AppName
    from entrypoint.modes.ports import Checkout, Console, GitHub, Images, Logs, Preflight
    from entrypoint.rollout.ports import Machines, Probe, Releases
    from entrypoint.rollout.progress import Progress


class Fly(NamedTuple):
    """One app at Fly. `releases` and `logs` are for a deploy; both are None for a Fly without api.fly.io."""

    machines: Machines
    preflight: Preflight
    releases: Releases | None
    logs: Logs | None = None


class World(NamedTuple):
    """`github` is None without a repository or a GitHub token. `probe` and `progress` are for a rollout, `images` for a run
    that names an image. SIGINT and SIGTERM set `stop`."""

    files: Checkout
    console: Console
    images: Callable[[], Images]
    github: GitHub | None
    fly: Callable[[AppName], AbstractAsyncContextManager[Fly]]
    probe: Callable[[], Probe]
    progress: Callable[[], Progress]
    stop: anyio.Event
