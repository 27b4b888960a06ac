"""What stops a pull request in a merge queue: there, nothing is deployed yet."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.planning.review.items import Item, ItemKind

_BUILT_LATER = frozenset({ItemKind.IMAGE_MISSING, ItemKind.IMAGE_NOT_PINNED})


def stops_a_merge(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items that a merge would not mend. An image that is not given is built on the push that follows, and that push checks it.
    Until then the plan has another one in its place, or none, and nobody deploys that: it needs no digest. An image that is given does.
    """
    if not any(item.kind is ItemKind.IMAGE_MISSING for item in items):
        return tuple(items)
    return tuple(item for item in items if item.kind not in _BUILT_LATER)
