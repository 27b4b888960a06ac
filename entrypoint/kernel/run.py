"""The inputs of a run and its context: types only. adapters/runner reads them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

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
    """Exactly this plan was reviewed."""
    NONE = "none"


class AllowDestroy(StrEnum):
    """Which machines a plan may destroy or replace: docs/inputs.md, `allow-destroy`."""

    NONE = "none"
    SURPLUS = "surplus"
    ALL = "all"


class OnFailure(StrEnum):
    """What happens to the machines that are already changed when a deploy fails."""

    ROLLBACK = "rollback"
    HOLD = "hold"


class CommentMode(StrEnum):
    """When to post: always, only when something changes, never."""

    ALWAYS = "always"
    ON_DIFF = "on-diff"
    NEVER = "never"


class Compat(StrEnum):
    """`flightplan` avoids flyctl's known defects (docs/flyctl-differences.md), `flyctl` repeats them."""

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


class Look(NamedTuple):
    """How a plan is printed as text."""

    color: bool = False
    detail: bool = False
    """Also one row for each machine."""


class Servers(NamedTuple):
    """Base URLs without a trailing slash. Each names the environment variable, which is flyctl's."""

    machines: str = "https://api.machines.dev"
    """FLY_FLAPS_BASE_URL"""
    api: str = "https://api.fly.io"
    """FLY_API_BASE_URL"""
    releases: str | None = "https://api.fly.io"
    """FLY_UIEX_BASE_URL. None: no release records, because only another Machines server is set."""
    registry: str = "registry.fly.io"
    """FLY_REGISTRY_HOST: host[:port] or a URL"""


class Inputs(NamedTuple):
    """The action's inputs, parsed. action.yml declares them. An empty input is None."""

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
    """Deploy only these; empty: all."""
    regions: tuple[str, ...]
    """Deploy only machines in these; empty: in all."""
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
    """On workflow_dispatch: plan this pull request. Its files are only read, nothing in them is run."""
    record_key: Secret | None
    """Key of the hashes in records and marks; None: plain hashes."""
    allow_destroy: AllowDestroy
    on_failure: OnFailure | None
    comment: CommentMode
    compat: Compat
    format: Format
    servers: Servers
    look: Look = Look()


class RunContext(NamedTuple):
    """Where this run happens and what started it. Outside GitHub `event` and `repository` are empty."""

    event: str
    """GITHUB_EVENT_NAME: pull_request, push, workflow_dispatch, merge_group, …; "" outside GitHub."""
    action: str
    """The event's action: opened, synchronize, closed, edited, …; "" where the event has none."""
    repository: str
    """owner/name, or ""."""
    sha: str
    """The head commit of a pull request, the commit of a merge group, otherwise GITHUB_SHA."""
    ref: str
    ref_is_protected: bool
    """Rules of the repository protect the branch or tag (GITHUB_REF_PROTECTED)."""
    default_branch: str
    base_branch: str
    """The branch that a pull request or merge group goes into, or that a push or dispatch is on; else ""."""
    pull_number: int | None
    from_fork: bool
    from_dependabot: bool
    """Dependabot started it. Such a run gets no Actions secrets."""
    is_deletion: bool
    """A push that deletes a branch or tag."""
    actor: str
    """Login of who started this run; if it was run again, of who did that."""
    started_at: int
    """When this run began, in seconds since 1970."""
    retention_days: int | None
    """GITHUB_RETENTION_DAYS: how long GitHub keeps commit statuses, in days; None where it is not set."""
    run_id: str
    run_attempt: str
    run_url: str
    workflow: str
    """File name of the workflow, such as flightplan.yml; "" where it is not known."""
    api_url: str
    server_url: str
    workspace: str
    """Absolute folder that `config` is relative to."""
    temp: str
    """Folder for files that later steps read (plan.json)."""
    in_actions: bool

    @property
    def ref_name(self) -> str:
        """The name of the branch or tag, without refs/heads/ or refs/tags/."""
        return self.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")

    @property
    def is_on_default_branch(self) -> bool:
        """Whether the workflow that runs is the default branch's."""
        return bool(self.default_branch) and self.ref == f"refs/heads/{self.default_branch}"
