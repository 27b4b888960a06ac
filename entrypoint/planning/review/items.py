"""What is missing for a deploy: one item for each thing, with its words for people and its identity for an approval."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from entrypoint.kernel.ids import GroupName, MachineId
from entrypoint.kernel.json import Json, canonical


class ItemKind(StrEnum):
    """Which sentence of the gate does not hold."""

    FIRST_DEPLOY = "first-deploy"
    """Nothing of this key is live, and no review says what was there before."""
    UNREAD_HISTORY = "unread-history"
    """The commits since the last green deploy could not be read back to it."""
    UNREVIEWED_CHANGE = "unreviewed-change"
    """A commit changes what is read and came with no pull request."""
    NO_EVIDENCE = "no-evidence"
    """Its pull request has no valid review."""
    NOT_AS_REVIEWED = "not-as-reviewed"
    """The commit brings something else than the reviewed head."""
    INPUT_CHANGED = "input-changed"
    """An input that shapes the plan is that of no counted review and not of the last green deploy."""
    HAND_EDITED = "hand-edited"
    """A machine that would be written is not as a deploy left it or a review saw it."""
    DESTRUCTION_NOT_SHOWN = "destruction-not-shown"
    """No counted review that asks for the same count showed that this machine or volume goes."""
    IMAGE_OF_OTHER_TREE = "image-of-other-tree"
    """The image was built from another tree than the pushed commit's."""
    IMAGE_MISSING = "image-missing"
    """The plan was made with `built-on-merge`, and this run gives no image."""
    IMAGE_NOT_PINNED = "image-not-pinned"
    """A machine would be written with a tag whose digest is not known."""
    NOT_FORWARDS = "not-forwards"
    """The newest commit that is live and this one do not contain each other."""
    NOT_EXACT = "not-exact"
    """`gate: exact`: no counted review is of this very plan."""
    IMAGE_BY_HAND = "image-by-hand"
    """An approval gives an image that nothing ties to the pushed commit's tree, and nothing else is missing that it could be of."""
    MAY_NOT_APPROVE = "may-not-approve"
    """The approval comes from a branch that may not give one."""
    OTHER_APPROVAL = "other-approval"
    """The approval is of something else: another commit, image, or list of missing items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Our own words."""

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
    """Our own words, as a part."""
    return Words(text=text)
