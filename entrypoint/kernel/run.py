"""What this run was asked to do and what it is about: types only, read by adapters/runner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from entrypoint.kernel.ids import AppName, Digest
from entrypoint.kernel.secrets import Secret
from entrypoint.kernel.strategy import Strategy


class Command(StrEnum):
    """`auto` is resolved by modes/choose.py from the event."""

    AUTO = "auto"
    VALIDATE = "validate"
    PLAN = "plan"
    DEPLOY = "deploy"


class Gate(StrEnum):
    """What a deploy needs before it may write."""

    REVIEWED_PLAN = "reviewed-plan"
    NONE = "none"


class AllowDestroy(StrEnum):
    """How much a plan may take away; see product.md's "Destroying"."""

    NONE = "none"
    SURPLUS = "surplus"
    ALL = "all"


class OnFailure(StrEnum):
    """What happens to the machines already touched when a gate fails."""

    ROLLBACK = "rollback"
    HOLD = "hold"


class CommentMode(StrEnum):
    """When to post: always, only when something changes, never."""

    ALWAYS = "always"
    ON_DIFF = "on-diff"
    NEVER = "never"


class Compat(StrEnum):
    """`flightplan` mends flyctl's known defects (docs/flyctl-differences.md), `flyctl` repeats them."""

    FLIGHTPLAN = "flightplan"
    FLYCTL = "flyctl"


class Format(StrEnum):
    """How the result is printed on standard output."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Base URLs, by flyctl's names, without a trailing slash."""

    machines: str = "https://api.machines.dev"
    """FLY_FLAPS_BASE_URL"""
    api: str = "https://api.fly.io"
    """FLY_API_BASE_URL"""
    releases: str | None = "https://api.fly.io"
    """FLY_UIEX_BASE_URL. None: no release records (a machines server of one's own without a releases server)."""
    registry: str = "registry.fly.io"
    """FLY_REGISTRY_HOST: host[:port] or a URL"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The action's inputs, parsed; action.yml is their one declaration. Empty inputs are None."""

    command: Command
    config: str
    """Path of fly.toml, relative to the workspace."""
    policy: str | None
    """Path of flightplan.toml; None: the file of that name beside fly.toml, if there is one."""
    app: AppName | None
    environment: str
    image: str | None
    scale: str | None
    fly_api_token: Secret | None
    github_token: Secret | None
    strategy: Strategy | None
    max_unavailable: float | None
    """At least 1: that many machines; below 1: that share of the group's running machines."""
    wait_timeout: float | None
    """Seconds a machine has to come up, and again to become healthy."""
    gate: Gate
    approve: Digest | None
    allow_destroy: AllowDestroy
    on_failure: OnFailure | None
    comment: CommentMode
    compat: Compat
    format: Format
    servers: Servers


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Where and why we run. On a laptop `event` is empty and there is no repository."""

    event: str
    """GITHUB_EVENT_NAME: pull_request, push, workflow_dispatch, merge_group, …; "" outside GitHub."""
    repository: str
    """owner/name, or ""."""
    sha: str
    """For a pull request the head commit, otherwise GITHUB_SHA."""
    ref: str
    default_branch: str
    pull_number: int | None
    from_fork: bool
    pushed_shas: tuple[str, ...]
    """Commits of a push, newest first, GITHUB_SHA first."""
    run_id: str
    run_attempt: str
    run_url: str
    api_url: str
    server_url: str
    workspace: str
    """Absolute folder that `config` is relative to."""
    temp: str
    """Folder for files that later steps read (plan.json)."""
    in_actions: bool
