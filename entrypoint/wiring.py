"""The real adapters for one run. mypy checks here that they fit the ports.

A command that asks Fly imports this module, so all that it imports is loaded before the first request. Adapters that only some runs need
are imported where they are made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.network import load_roots_in_thread
from entrypoint.adapters.workspace import Workspace
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import Inputs, RunContext
from entrypoint.modes.choose import Task
from entrypoint.modes.world import Fly, World

if TYPE_CHECKING:
    from entrypoint.kernel.secrets import Secret
    from entrypoint.modes.ports import Console, GitHub, Images, Logs
    from entrypoint.rollout.ports import Probe, Releases
    from entrypoint.rollout.progress import Progress


def make_world(task: Task, inputs: Inputs, run: RunContext, *, console: Console, stop: anyio.Event) -> World:
    """All ports of a command. Sends no request yet."""
    if inputs.servers.machines.startswith("https://"):
        load_roots_in_thread()
    return World(
        files=Workspace(run.workspace, is_fence=run.in_actions),
        console=console,
        images=lambda: _images(task, inputs),
        github=_github(inputs, run),
        fly=_fly(task, inputs),
        probe=lambda: _probe(inputs),
        progress=lambda: _progress(console),
        stop=stop,
    )


def _images(task: Task, inputs: Inputs) -> Images:
    from entrypoint.adapters.registry.client import PATIENCE, RegistryClient, RegistrySettings

    patience = 0.0 if task is Task.DOCTOR else PATIENCE
    settings = RegistrySettings(fly_registry=inputs.servers.registry, patience=patience)
    return RegistryClient(settings=settings, token=inputs.fly_api_token)


def _github(inputs: Inputs, run: RunContext) -> GitHub | None:
    if inputs.github_token is None or not run.repository:
        return None
    from entrypoint.adapters.github.pull_requests import GithubPullRequests

    return GithubPullRequests(token=inputs.github_token, repository=run.repository, api_url=run.api_url)


def _fly(task: Task, inputs: Inputs) -> Callable[[AppName], AbstractAsyncContextManager[Fly]]:
    token, servers = inputs.fly_api_token, inputs.servers

    @asynccontextmanager
    async def connect(app: AppName) -> AsyncIterator[Fly]:
        assert token is not None  # modes.choose refuses a task that needs a token and has none
        async with MachinesClient(app=app, base_url=servers.machines, token=token) as machines:
            if task is Task.DEPLOY and servers.releases:
                releases, logs = _beside(app, servers.releases, token)
            else:
                releases, logs = None, None
            yield Fly(machines=machines, preflight=machines.preflight, releases=releases, logs=logs)

    return connect


def _beside(app: AppName, url: str, token: Secret) -> tuple[Releases, Logs]:
    from entrypoint.adapters.machines.logs import LogsClient
    from entrypoint.adapters.machines.releases import ReleasesClient

    return ReleasesClient(app=app, base_url=url, token=token), LogsClient(app=app, base_url=url, token=token)


def _probe(inputs: Inputs) -> Probe:
    """With a Fly on this computer this is a test, so probes may also go to this computer."""
    from urllib.parse import urlsplit

    from entrypoint.adapters.verify.probe import HttpsProbe
    from entrypoint.kernel.verify import LOOPBACK

    return HttpsProbe(allow_loopback=urlsplit(inputs.servers.machines).hostname in LOOPBACK)


def _progress(console: Console) -> Progress:
    from entrypoint.report.outcome.live import LiveLog

    return LiveLog(console.note, section=console.section)
