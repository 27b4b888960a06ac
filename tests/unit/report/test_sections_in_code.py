"""Names of TOML sections are in code font wherever a sentence of ours is Markdown: bare, `[[vm]]` reads like a broken link."""

from __future__ import annotations

import pytest

from entrypoint.report.text.escape import sections_in_code, sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a smaller [[vm]].", "a smaller `[[vm]]`."),
        ("[[vm]], [[restart]] or [env]: one", "`[[vm]]`, `[[restart]]` or `[env]`: one"),
        ("set it (or [deploy.release_command_vm]) to 5m", "set it (or `[deploy.release_command_vm]`) to 5m"),
        ("add [checks.NAME]", "add `[checks.NAME]`"),
        ("is `[[vm]]` and `x [env] y` already", "is `[[vm]]` and `x [env] y` already"),
        ("machine[s], [are|is], [COMMAND] and a[env]", "machine[s], [are|is], [COMMAND] and a[env]"),
        ("[env](https://example.com)", "[env](https://example.com)"),
    ],
)
def test_sections__are_code_once(text: str, shown: str) -> None:
    assert sections_in_code(text) == shown
    assert sections_in_code(shown) == shown


def test_a_sentence__has_sections_as_code_and_the_rest_escaped() -> None:
    assert sentence("[[vm]] of `web`: [x](y)") == "`[[vm]]` of `web`: \\[x\\](y)"
