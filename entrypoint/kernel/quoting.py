"""Foreign text inside a message: between backticks, which a comment shows as code."""

from __future__ import annotations


def ticked(text: str) -> str:
    """Between backticks. A backtick in the text is shown as an apostrophe: it would end the code, and what follows would look like our
    own words.
    """
    kept = text.replace("`", "'")
    return f"`{kept}`"
