"""What this run was asked to do and what it is about: types only, read by adapters/runner."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    DOCTOR = "doctor"


class Gate(StrEnum):
    """What a deploy needs before it may write (docs/gate.md)."""

    REVIEWED = "reviewed"
    """Every change came with a reviewed pull request."""
    EXACT = "exact"
    """The very plan was reviewed."""
    NONE = "none"


class AllowDestroy(StrEnum):
    """Which machines a plan may destroy or replace: docs/inputs.md, `allow-destroy`."""

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
    """`flightplan` corrects flyctl's known defects (docs/flyctl-differences.md), `flyctl` repeats them."""

    FLIGHTPLAN = "flightplan"
    FLYCTL = "flyctl"


class Format(StrEnum):
    """How the result is printed on standard output."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class Color(StrEnum):
    """When the text on a terminal is coloured."""

    AUTO = "auto"
    """Where standard output is a terminal, and NO_COLOR (https://no-color.org) is not set."""
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a plan is printed as text."""

    color: bool = False
    detail: bool = False
    """One row for each machine, too."""


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
    groups: tuple[str, ...]
    """Only these; empty: all."""
    regions: tuple[str, ...]
    """Only machines in these; empty: in all."""
    fly_api_token: Secret | None
    github_token: Secret | None
    strategy: Strategy | None
    max_unavailable: float | None
    """At least 1: that many machines; below 1: that share of the group's running machines."""
    wait_timeout: float | None
    """Seconds a machine has to come up, and again to become healthy."""
    gate: Gate
    approve: Digest | None
    pull_request: int | None
    """Plan this pull request, as data, on workflow_dispatch."""
    record_key: Secret | None
    """Key of the hashes in records and marks; None: plain hashes."""
    allow_destroy: AllowDestroy
    on_failure: OnFailure | None
    comment: CommentMode
    compat: Compat
    format: Format
    servers: Servers
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Where and why we run. On a laptop `event` is empty and there is no repository."""

    event: str
    """GITHUB_EVENT_NAME: pull_request, push, workflow_dispatch, merge_group, …; "" outside GitHub."""
    action: str
    """What happened to it: opened, synchronize, closed, edited, …; "" where the event has none."""
    repository: str
    """owner/name, or ""."""
    sha: str
    """For a pull request the head commit, for a merge group its commit, otherwise GITHUB_SHA."""
    ref: str
    ref_is_protected: bool
    """Rules of the repository protect the branch or tag (GITHUB_REF_PROTECTED)."""
    default_branch: str
    base_branch: str
    """Of a pull request or a merge group the branch it goes into, of a push or dispatch the branch it is on; else ""."""
    base_changed: bool
    """The pull request was edited, and goes into another branch now."""
    pull_number: int | None
    from_fork: bool
    from_dependabot: bool
    """Dependabot began it: such runs get no Actions secrets."""
    is_deletion: bool
    """A push that takes a branch or tag away."""
    actor: str
    """Who started this run: of a run that is started again, the person who did that. Login."""
    started_at: int
    """When we began, in seconds since 1970."""
    retention_days: int | None
    """GITHUB_RETENTION_DAYS: how long GitHub keeps commit statuses; None where it does not say."""
    run_id: str
    run_attempt: str
    run_url: str
    workflow: str
    """File name of the workflow, such as flightplan.yml; "" where that is not known."""
    api_url: str
    server_url: str
    workspace: str
    """Absolute folder that `config` is relative to."""
    temp: str
    """Folder for files that later steps read (plan.json)."""
    in_actions: bool

    @property
    def ref_name(self) -> str:
        """The branch or tag in words."""
        return self.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")

    @property
    def is_on_default_branch(self) -> bool:
        """Whether what runs is the default branch's own workflow."""
        return bool(self.default_branch) and self.ref == f"refs/heads/{self.default_branch}"
