"""Rule 5: a run deploys its own commit if it contains the newest commit written under its key."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.planning.review.history import History, Relation
from entrypoint.planning.review.items import CommitRef, Item, ItemKind, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """A newer commit is live: nothing is written. This is no error."""

    by: str


def check_forwards(history: History) -> Superseded | tuple[Item, ...]:
    """Superseded by a newer commit, or one item for each live commit that this one does not contain."""
    newer = sorted(sha for sha, relation in history.written.items() if relation is Relation.CONTAINS)
    if newer:
        return Superseded(by=newer[0])
    diverged = (sha for sha, relation in history.written.items() if relation is Relation.DIVERGED)
    return tuple(_item(sha) for sha in sorted(diverged))


def _item(live: str) -> Item:
    return Item(
        kind=ItemKind.NOT_FORWARDS,
        identity={"live": live},
        parts=(
            words("the commit that is live,"),
            CommitRef(sha=live),
            words(", is not contained in this one: a deploy would revert its changes"),
        ),
    )
