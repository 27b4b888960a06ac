"""Where keys, values, elements and headers stand: ours agrees with tree-sitter's TOML grammar, which shares nothing with us, on every file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import tree_sitter
import tree_sitter_toml
from hypothesis import assume, given

from entrypoint.manifest.syntax.toml import parse_toml
from entrypoint.manifest.syntax.tree import Node, Source, TableOrigin
from tests.golden.vectors import ROOT, load, load_or_skip
from tests.property.texts import damaged_files

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
_HEADERS = {"table", "table_array_element"}


@dataclass(slots=True)
class Places:
    """Offsets in characters."""

    pairs: set[tuple[int, int, int, int]] = field(default_factory=set)
    """Key and value."""
    elements: set[tuple[int, int]] = field(default_factory=set)
    """Of arrays."""
    headers: set[tuple[int, int]] = field(default_factory=set)


def theirs(text: str) -> Places | None:
    """None where the grammar does not know the text: it stops at TOML 1.0."""
    data = text.encode()
    root = _PARSER.parse(data).root_node
    if root.has_error:
        return None
    at = _characters(text)
    places = Places()
    for node in _walk(root):
        if node.type == "pair":
            key, value = (child for child in node.named_children if child.type != "comment")
            places.pairs.add((at[key.start_byte], at[key.end_byte], at[value.start_byte], at[value.end_byte]))
        elif node.type in _HEADERS:
            closing = next(child for child in node.children if child.type in ("]", "]]"))
            places.headers.add((at[node.start_byte], at[closing.end_byte]))
        elif node.type == "array":
            places.elements |= {
                (at[e.start_byte], at[e.end_byte]) for e in node.named_children if e.type != "comment"
            }
    return places


def _walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(current.children)


def _characters(text: str) -> dict[int, int]:
    """Byte offset → character offset."""
    places, at = {}, 0
    for index, character in enumerate(text):
        places[at] = index
        at += len(character.encode())
    return {**places, at: len(text)}


def ours(source: Source) -> Places:
    """The same of our tree."""
    places = Places()
    _collect(source.root, places, inside_array=False)
    return places


def _collect(node: Node, places: Places, *, inside_array: bool) -> None:
    if node.made is TableOrigin.VALUE:
        if inside_array:
            places.elements.add((node.start, node.end))
        else:
            assert node.key is not None
            places.pairs.add((*node.key, node.start, node.end))
    elif node.made is TableOrigin.HEADER and node.key is not None:
        places.headers.add((node.start, node.end))
    is_value_array = node.made is TableOrigin.VALUE and isinstance(node.value, list)
    children = (
        node.value.values()
        if isinstance(node.value, dict)
        else node.value
        if isinstance(node.value, list)
        else ()
    )
    for child in children:
        _collect(child, places, inside_array=is_value_array)


def agree(text: str) -> bool:
    """Compare; False where either does not take the text."""
    source, places = parse_toml(text, file="fly.toml"), theirs(text)
    if not isinstance(source, Source) or places is None:
        return False
    assert ours(source) == places
    return True


def test_committed_files_agree() -> None:
    agreed = sum(agree(case["toml"]) for case in load("flytoml-cases"))
    assert agreed == 171
    assert agree((ROOT / "examples" / "acme-shop" / "fly.toml").read_text("utf-8"))


@pytest.mark.parametrize(("name", "least"), [("wild", 220), ("mutants", 520)])
def test_real_files_agree(name: str, least: int) -> None:
    assert sum(agree(line["toml"]) for line in load_or_skip(name)) >= least


@given(damaged_files())
def test_damaged_files_agree(text: str) -> None:
    assume(agree(text))


def test_the_comparison_covers_what_is_odd() -> None:
    """Quoted and dotted keys, tables out of order, elements over lines, characters of several bytes, CRLF, comments that look like values."""
    text = (
        '"é".\'b c\' . d = [ # x = 1\r\n  1, { e = "ü", f.g = [[2]] },\r\n]\r\n[a . "b"]\r\nx = """\r\n"""\r\n'
        "[[p]]\r\n[[p.q]]\r\n y = 1979-05-27 07:32:00 # c\r\n[a]\r\nz = ''\r\n"
    )
    assert agree(text)
