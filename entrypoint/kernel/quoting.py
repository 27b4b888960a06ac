"""Foreign text inside a message: it stands between backticks, which a comment shows as code."""

from __future__ import annotations


def ticked(text: str) -> str:
    """The text between backticks. A backtick in it becomes an apostrophe; otherwise it would end the code, and the rest would look
    like a text of ours.
    """
    kept = text.replace("`", "'")
    return f"`{kept}`"
