"""What is missing for a deploy: items, each with a sentence for people and an identity for an approval."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from entrypoint.kernel.ids import GroupName, MachineId
from entrypoint.kernel.json import Json, canonical


class ItemKind(StrEnum):
    """Which condition of the gate is not met."""

    FIRST_DEPLOY = "first-deploy"
    """No green deploy under this key is known, and no review shows what was there before."""
    UNREAD_HISTORY = "unread-history"
    """The commits since the last green deploy could not be read back to it."""
    UNREVIEWED_CHANGE = "unreviewed-change"
    """A commit changes a file that is read, and came without a pull request."""
    NO_EVIDENCE = "no-evidence"
    """Its pull request has no valid review."""
    NOT_AS_REVIEWED = "not-as-reviewed"
    """What the commit brings differs from the reviewed head."""
    INPUT_CHANGED = "input-changed"
    """An input differs from every counted review and from the last green deploy."""
    HAND_EDITED = "hand-edited"
    """A machine that would be written is neither as a deploy left it nor as a review showed it."""
    DESTRUCTION_NOT_SHOWN = "destruction-not-shown"
    """No counted review with the same count showed that this machine would be destroyed, or this volume left behind."""
    IMAGE_OF_OTHER_TREE = "image-of-other-tree"
    """The image was built from another tree than the pushed commit's."""
    IMAGE_MISSING = "image-missing"
    """The plan was made with `built-on-merge`, and this run gives no image."""
    IMAGE_NOT_PINNED = "image-not-pinned"
    """A machine would be written with a tag whose digest is not known."""
    NOT_FORWARDS = "not-forwards"
    """The newest commit that is live and this one do not contain each other."""
    NOT_EXACT = "not-exact"
    """`gate: exact`: no valid review is of exactly this plan."""
    IMAGE_BY_HAND = "image-by-hand"
    """The run has an approval although nothing else is missing, and nothing ties its image to the pushed commit's tree."""
    MAY_NOT_APPROVE = "may-not-approve"
    """The approval comes from a branch that may not give one."""
    OTHER_APPROVAL = "other-approval"
    """The approval is for another commit, image, or list of missing items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Text of ours."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """Words of a file, an API or a person: escaped, in code font."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRef:
    """A commit, by its sha."""

    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRef:
    """A pull request."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file, with the line of what is talked about where it is known. Foreign text."""

    path: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRefs:
    """Fields by their paths (`env.LEVEL`). Foreign text."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRefs:
    """Machines of one group. Foreign text."""

    group: GroupName
    ids: tuple[MachineId, ...]


Part: TypeAlias = Words | Foreign | CommitRef | PullRef | FileRef | FieldRefs | MachineRefs


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that is missing.

    `identity` is what an approval binds: nothing in it moves when a newer commit is pushed that adds nothing. `parts` make one
    sentence, to be joined with spaces; punctuation stands in Words.
    """

    kind: ItemKind
    identity: Json
    parts: tuple[Part, ...]

    @property
    def canonical(self) -> str:
        """The identity as text: what is sorted and digested."""
        return canonical([self.kind.value, self.identity])


def words(text: str) -> Words:
    """Text of ours, as a part."""
    return Words(text=text)


LACKS_KEY = (
    words("with the input"),
    Foreign(text="record-key"),
    words(
        ", which this run does not have: give the same key, or deploy a pull request that was planned without it"
    ),
)
"""The end of a sentence about what only a run with the same key can compare."""
