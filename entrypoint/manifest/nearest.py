"""Which known word was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

LONGEST = 40
MOST_KNOWN = 100
_BREAKS = str.maketrans("- .", "___")
"""What people write between the parts of a name."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most similar; empty if none is. Fast for words that resemble none."""
    if not word or len(word) > LONGEST:
        return ""
    folded, parts = _fold(word), _parts(word)
    letters, mixed = set(folded), sorted(folded)
    likely = []
    for index, name in enumerate(known):
        if index == MOST_KNOWN:
            break
        if len(name) > 2 * LONGEST:  # like no word of ours, and costly to look at for each of many
            continue
        if _fold(name) == folded or (len(parts) > 1 and _parts(name) == parts):
            return name
        if len(folded) == len(name) > 2 and folded[0] == name[0] and sorted(_fold(name)) == mixed:
            return name  # letters that changed places, in a word too short for difflib
        if abs(len(name) - len(word)) <= len(word) // 2 and len(letters ^ set(_fold(name))) <= len(letters):
            likely.append(name)
    if not likely:
        return ""
    import difflib  # only a wrong key needs it

    close = difflib.get_close_matches(word, likely, n=1, cutoff=0.7)
    return close[0] if close else ""


def some(words: Sequence[str], *, most: int = 8) -> str:
    """For example: a, b, c and 12 more."""
    shown = ", ".join(word if len(word) <= LONGEST else f"{word[:LONGEST]}…" for word in words[:most])
    return f"{shown} and {len(words) - most} more" if len(words) > most else shown


def _fold(word: str) -> str:
    return word.casefold().translate(_BREAKS).replace("_", "")


def _parts(word: str) -> set[str]:
    """The parts of a name, in any order: those of auto_machine_start and auto_start_machines are equal."""
    return {part.rstrip("s") for part in word.casefold().translate(_BREAKS).split("_")}
