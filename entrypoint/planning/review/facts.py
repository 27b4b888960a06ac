"""What the gate knows about a deploy, besides its history and its plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from entrypoint.kernel.ids import Digest
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.inputs import InputHashes
from entrypoint.planning.review.key import ReviewKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The commit that an image was built from, by its label `org.opencontainers.image.revision`.

    Only if the label names a commit of this repository, because an image inherits the label of its base image.
    """

    commit: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFacts:
    """The facts of one deploy. `secret`: the input `record-key`."""

    key: ReviewKey
    paths: tuple[PathRead, ...]
    """fly.toml, flightplan.toml (even if it does not exist), and the local files that they name and that are in git."""
    branches: frozenset[str]
    """Only pull requests into these count: the branch that is deployed; for a tag, the default branch."""
    inputs: InputHashes = field(default_factory=dict)
    revision: Revision | None = None
    is_exact: bool = False
    """`gate: exact`."""
    approve: Digest | None = None
    may_approve: bool = False
    """Whether `approve` counts: the run was started by hand on the default branch, or on the protected branch that was refused."""
    secret: Secret | None = None
