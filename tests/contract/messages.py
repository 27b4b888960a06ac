"""Every message that people may meet, collected from the code: texts of at least three words that are no docstring.

A message is what one call or one value holds: what happened and, where there is one, the hint. What stands for a value is written <so>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.stage import ROOT

PACKAGE = ROOT / "entrypoint"
_NOT_FOR_PEOPLE = {
    "adapters/foreign_json.py", "adapters/github/reading.py", "adapters/machines/wire.py", "adapters/network.py",
    "kernel/json.py", "kernel/secrets.py", "manifest/decode/machine_schema.py", "manifest/decode/schema.py", "manifest/syntax/tree.py",
    "planning/review/fields.py", "planning/review/record.py", "report/marker.py", "report/text/markdown.py",
}  # fmt: skip
"""Declarations, and errors that are caught and told in other words."""
_INTERNAL = {"AssertionError", "TypeError", "compile", "debug", "startswith", "replace", "get"}
"""Makers of texts that are for developers, or no message."""
_FAILURES = {"UsageError": "exit 2", "OutsideError": "exit 6"}
_ID = re.compile(r"[a-z]+(?:-[a-z]+)+")
_NO_PROSE = re.compile(r"[{}\\|]|^state=|^application/|%s|^::|^int |(?:Mapping|tuple)\[")
_WORD = re.compile(r"(?<![\w/.-])[A-Za-z][a-z']*(?![\w/-])")


@dataclass(frozen=True, slots=True)
class Message:
    """`file` counts from the package; `kind` is an exit code, the id of a finding, or empty. `text` or `hint` may be empty."""

    file: str
    kind: str
    text: str
    hint: str


def collect(package: Path = PACKAGE) -> Iterator[Message]:
    """All messages of a package, by file and line, each once a file."""
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package).as_posix()
        if file not in _NOT_FOR_PEOPLE:
            yield from dict.fromkeys(_of_file(file, ast.parse(path.read_text("utf-8"))))


def _of_file(file: str, tree: ast.AST) -> Iterator[Message]:
    for node in _holders(tree):
        match node:
            case ast.Call():
                yield from _of_call(file, node)
            case ast.Tuple() | ast.List():
                yield Message(file=file, kind="", text=_joined(node.elts), hint="")
            case _:
                if is_prose(text := text_of(node)):
                    yield Message(file=file, kind="", text=text, hint="")


def _of_call(file: str, call: ast.Call) -> Iterator[Message]:
    """What it says, and its hint beside the first of it."""
    name = _name(call.func)
    if name in _INTERNAL:
        return
    kind = _FAILURES.get(name, "")
    if call.args and isinstance(call.args[0], ast.Constant) and _ID.fullmatch(str(call.args[0].value)):
        kind = str(call.args[0].value)
    named = [(word.arg, word.value) for word in call.keywords if is_text(word.value)]
    hint = next((text_of(value) for key, value in named if key == "hint"), "")
    hint = hint if is_prose(hint) else ""
    said = [text_of(arg) for arg in call.args if is_text(arg)] + [
        text_of(value) for key, value in named if key != "hint"
    ]
    texts = [text for text in said if is_prose(text)]
    if not texts and hint:
        texts = [_placeholder(call, hint)]
    for text in texts:
        yield Message(file=file, kind=kind, text=text, hint=hint)
        hint = ""


def _placeholder(call: ast.Call, hint: str) -> str:
    """A message made elsewhere, or shorter than prose, beside a hint."""
    parts = [
        arg for arg in call.args if not (isinstance(arg, ast.Constant) and _ID.fullmatch(str(arg.value)))
    ]
    texts = [text_of(arg) if is_text(arg) else "" for arg in parts]
    return next((text for text in texts if text and text != hint), "<what happened>")


def _holders(node: ast.AST) -> Iterator[ast.AST]:
    """Calls and tuples that make a message, and texts that are in none; outer before inner."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        if isinstance(child, ast.Assert):
            continue  # for developers
        if isinstance(child, ast.Tuple | ast.List) and any(_is_words(element) for element in child.elts):
            yield child
            continue
        if isinstance(child, ast.Call):
            yield child
            if _name(child.func) not in _INTERNAL:
                yield from _below(child.func, *child.args, *(word.value for word in child.keywords))
        elif is_text(child):
            yield child
            yield from _in_places(child)
        else:
            yield from _holders(child)


def _below(*parts: ast.expr) -> Iterator[ast.AST]:
    for part in parts:
        if is_text(part):
            yield from _in_places(part)
        else:
            yield from _holders(ast.Expression(body=part))


def _in_places(text: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the places of a text: often a text itself."""
    match text:
        case ast.JoinedStr():
            for part in text.values:
                if isinstance(part, ast.FormattedValue) and not isinstance(part.value, ast.IfExp):
                    yield from _holders(ast.Expression(body=part.value))
        case ast.BinOp():
            yield from _in_places(text.left)
            yield from _in_places(text.right)


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "words"


def _joined(elements: Sequence[ast.expr]) -> str:
    """The parts of an item of the gate in a row."""
    text = ""
    for element in elements:
        inner = element.value if isinstance(element, ast.Starred) else element
        said = text_of(inner.args[0]) if isinstance(inner, ast.Call) and _is_words(inner) else _element(inner)
        text += said if said.startswith((",", ";", ":")) or not text else f" {said}"
    return text


def _element(node: ast.expr) -> str:
    known = {
        "PullRef": "#<number>",
        "CommitRef": "<commit>",
        "FileRef": "<file>:<line>",
        "Foreign": "<name>",
        "Code": "<name>",
    }
    if isinstance(node, ast.Call):
        return known.get(_name(node.func), f"<{place(node)}>")
    return f"<{place(node)}>"


def is_text(node: ast.AST) -> bool:
    """Whether an expression is a text, with places or without."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(op=ast.Add()):
            return is_text(node.left) or is_text(node.right)
    return False


def text_of(node: ast.AST) -> str:
    """A text as people meet it, with <places> for values."""
    match node:
        case ast.Constant(value=str()):
            return str(node.value)
        case ast.JoinedStr():
            return "".join(text_of(part) for part in node.values)
        case ast.FormattedValue():
            return _choice(node.value)
        case ast.BinOp(op=ast.Add()):
            return text_of(node.left) + text_of(node.right)
    return f"<{place(node)}>"


def _choice(node: ast.expr) -> str:
    """A value in its place; of a choice of two texts, both."""
    if isinstance(node, ast.IfExp) and is_text(node.body) and is_text(node.orelse):
        one, other = text_of(node.body), text_of(node.orelse)
        return f"[{one.strip()}]" if not other else f"[{other.strip()}]" if not one else f"[{one}|{other}]"
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Call) and _name(node.func) == "ticked":
        return f"`{text_of(node.args[0])}`"
    return f"<{place(node)}>"


def place(node: ast.AST) -> str:
    """A name for a value: what it is called in the code, as words."""
    return _raw_place(node).strip("_").replace("_", " ").lower() or "…"


def _raw_place(node: ast.AST) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Call():
            inner = [_raw_place(arg) for arg in node.args if not isinstance(arg, ast.Constant)]
            return next((name for name in inner if name), _name(node.func))
        case ast.Subscript() | ast.Starred() | ast.Await() | ast.FormattedValue():
            return _raw_place(node.value)
        case ast.IfExp():
            return _raw_place(node.body) or _raw_place(node.orelse)
        case ast.BoolOp():
            return _raw_place(node.values[0])
        case ast.BinOp():
            return _raw_place(node.left)
        case ast.GeneratorExp() | ast.ListComp() | ast.SetComp():
            return _raw_place(node.generators[0].iter)
        case ast.UnaryOp():
            return _raw_place(node.operand)
    return ""


def _name(function: ast.AST) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_prose(text: str) -> bool:
    """Three words or more, and none of what only programs read."""
    plain = re.sub(r"<[^<>]*>", " ", text)
    plain = re.sub(r"\[[^\[\]]*\]", lambda found: found[0].replace("|", " "), plain)
    return len(_WORD.findall(plain)) >= 3 and not _NO_PROSE.search(plain)
