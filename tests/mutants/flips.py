"""Conditions of a module, and each by its opposite: `==` by `!=`, `<` by `>=`, `in` by `not in`, `and` by `or`, `not x` by `x`."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
}
OPPOSITES |= {other: one for one, other in OPPOSITES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One flipped condition of `file`, a path inside the checkout. `start` and `end` are offsets in its bytes."""

    file: str
    lines: range
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.file}:{self.lines.start}: {' '.join(self.before.split())}  →  {self.after}"

    def applied(self, data: bytes) -> bytes:
        """The file's bytes with this condition flipped."""
        return data[: self.start] + self.after.encode() + data[self.end :]


def flip(node: ast.expr) -> ast.expr | None:
    """The opposite condition; None for what is none."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators):
            return ast.Compare(left=left, ops=[OPPOSITES[type(op)]()], comparators=comparators)
        case ast.BoolOp(op=ast.And(), values=values):
            return ast.BoolOp(op=ast.Or(), values=values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return ast.BoolOp(op=ast.And(), values=values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
    return None


def find_mutants(root: Path, file: str) -> list[Mutant]:
    """Every condition of a module, but for those in assertions."""
    data = (root / file).read_bytes()
    tree = ast.parse(data)
    asserted = {
        id(inner) for node in ast.walk(tree) if isinstance(node, ast.Assert) for inner in ast.walk(node)
    }
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr) or id(node) in asserted:
            continue
        flipped = flip(node)
        if flipped is None or node.end_lineno is None or node.end_col_offset is None:
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        found.append(
            Mutant(
                file=file,
                lines=range(node.lineno, node.end_lineno + 1),
                start=start,
                end=end,
                before=data[start:end].decode(),
                after=f"({ast.unparse(flipped)})",
            )
        )
    return found
