"""Conversions that several of flyctl's migrations use (internal/appconfig/patches.go). They change the tree in place."""

from __future__ import annotations

from entrypoint.kernel.durations import MILLISECOND, format_duration
from entrypoint.kernel.findings import Severity
from entrypoint.manifest.decode.gofmt import format_value
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.syntax.tree import Node, Path
from entrypoint.manifest.values import to_int64

Table = dict[str, Node]


def reject(problems: Problems, node: Node, path: Path, message: str, *, hint: str = "") -> None:
    """Report a value that flyctl refuses. The patch then drops it, so that the rest is still checked."""
    problems.add("wrong-type", message, node=node, path=path, hint=hint, flyctl_rejects=True)


def patch_check(table: Table, path: Path, problems: Problems) -> None:
    """_patchCheck: durations in milliseconds, headers as a table."""
    for key in ("interval", "timeout", "grace_period"):
        cast_duration(table, (*path, key), problems, unit=MILLISECOND)
    node = table.get("headers")
    if node is None:
        return
    headers = _headers(node, (*path, "headers"), problems)
    if headers:
        table["headers"] = node.like(headers)
    else:
        del table["headers"]


def _headers(node: Node, path: Path, problems: Problems) -> Table:
    if isinstance(node.value, dict):
        return {key: value.like(format_value(value)) for key, value in node.value.items()}
    headers: Table = {}
    if not isinstance(node.value, list):
        reject(problems, node, path, "headers must be a table of names and values")
        return headers
    for index, item in enumerate(node.value):
        if not isinstance(item.value, dict) or "name" not in item.value:
            reject(problems, item, (*path, index), "a header needs a name and a value")
            continue
        value = item.value.get("value")
        headers[format_value(item.value["name"])] = (
            value.like(format_value(value)) if value else item.like("")
        )
    return headers


def cast_duration(table: Table, path: Path, problems: Problems, *, unit: int) -> None:
    """_castDuration: a number is cut to a whole number of `unit`s; "" and any other value is unset."""
    key = str(path[-1])
    node = table.get(key)
    if node is None:
        return
    value = node.value
    if isinstance(value, str) and value:
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        table[key] = node.like(format_duration(_wrap(to_int64(value) * unit)))
        return
    if value != "":
        problems.add(
            "dropped-value",
            f"flyctl drops this {key}: it is not a duration",
            node=node,
            path=path,
            hint=f'Write {key} = "10s".',
            severity=Severity.WARNING,
        )
    del table[key]


def _wrap(nanoseconds: int) -> int:
    """The number in Go's int64 arithmetic, which wraps."""
    return (nanoseconds + 2**63) % 2**64 - 2**63


def list_of_tables(node: Node, path: Path, problems: Problems) -> list[Node] | None:
    """ensureArrayOfMap."""
    items = node.value if isinstance(node.value, list) else [node]
    bad = [item for item in items if not isinstance(item.value, dict)]
    dotted = ".".join(part for part in path if isinstance(part, str))
    for item in bad:
        reject(problems, item, path, f"{path[-1]} must be a table", hint=f"Write it as [[{dotted}]].")
    return None if bad else items


def put_list(table: Table, key: str, items: list[Node] | None) -> None:
    """Replace a value by a patched list; without a list, remove it."""
    if items is None:
        del table[key]
    else:
        table[key] = table[key].like(items)
