"""What the gate gets about this deploy, besides its history and its plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from entrypoint.kernel.ids import Digest
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.inputs import InputHashes
from entrypoint.planning.review.key import ReviewKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What an image says of the commit that it was built from (label `org.opencontainers.image.revision`).

    Only for a label that names a commit of this repository: base images pass theirs on.
    """

    commit: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFacts:
    """One deploy. `secret`: the input `record-key`."""

    key: ReviewKey
    paths: tuple[PathRead, ...]
    """fly.toml, flightplan.toml (though it is missing) and the local files they name, as far as git has them."""
    branches: frozenset[str]
    """Pull requests into these count: the branch that is deployed; for a tag the default branch."""
    inputs: InputHashes = field(default_factory=dict)
    revision: Revision | None = None
    is_exact: bool = False
    """`gate: exact`."""
    approve: Digest | None = None
    may_approve: bool = False
    """The run is a dispatch from the default branch, or from the protected branch whose push was refused."""
    secret: Secret | None = None
