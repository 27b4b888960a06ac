"""The migration of `[[services]]` (flyctl internal/appconfig/patches.go:patchServices)."""

from __future__ import annotations

from entrypoint.manifest.decode.casts import Table, list_of_tables, patch_check, put_list, reject
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.syntax.tree import Node, Path
from entrypoint.manifest.values import parse_int64, to_int64


def patch_services(table: Table, problems: Problems) -> None:
    """Convert single tables to lists, and old spellings to new ones. An empty service is dropped."""
    node = table.get("services")
    if node is None:
        return
    items = list_of_tables(node, ("services",), problems)
    if items is None:
        del table["services"]
        return
    for index, item in enumerate(items):
        _service(item, ("services", index), problems)
    table["services"] = node.like([item for item in items if item.value])


def _service(node: Node, path: Path, problems: Problems) -> None:
    table = node.value
    assert isinstance(table, dict)
    _concurrency(table, path, problems)
    if "ports" in table:
        ports = list_of_tables(table["ports"], (*path, "ports"), problems)
        for index, port in enumerate(ports or ()):
            assert isinstance(port.value, dict)
            _integer(port.value, "port", (*path, "ports", index), problems)
        put_list(table, "ports", ports)
    for kind in ("tcp_checks", "http_checks"):
        if kind in table:
            checks = list_of_tables(table[kind], (*path, kind), problems)
            for index, check in enumerate(checks or ()):
                assert isinstance(check.value, dict)
                patch_check(check.value, (*path, kind, index), problems)
            put_list(table, kind, checks or None)
    _integer(table, "internal_port", path, problems)


def _concurrency(table: Table, path: Path, problems: Problems) -> None:
    node = table.get("concurrency")
    if node is None or isinstance(node.value, dict):
        return
    where = (*path, "concurrency")
    if isinstance(node.value, str):
        soft, comma, hard = node.value.partition(",")
        limits = (parse_int64(soft), parse_int64(hard))
        if comma and limits[0] is not None and limits[1] is not None:
            table["concurrency"] = node.like(
                {
                    "type": node.like("requests"),
                    "hard_limit": node.like(limits[1]),
                    "soft_limit": node.like(limits[0]),
                }
            )
            return
        reject(
            problems,
            node,
            where,
            f'concurrency {node.value!r} is not "soft,hard"',
            hint='Write "20,25", without spaces.',
        )
    else:
        reject(
            problems, node, where, "concurrency must be a table", hint="Write it as [services.concurrency]."
        )
    del table["concurrency"]


def _integer(table: Table, key: str, path: Path, problems: Problems) -> None:
    """castToInt: numeric strings and floats are accepted; floats are cut to whole numbers."""
    node = table.get(key)
    if node is None:
        return
    value = node.value
    number = parse_int64(value) if isinstance(value, str) else None
    if number is not None:
        table[key] = node.like(number)
    elif isinstance(value, float):
        table[key] = node.like(to_int64(value))
    elif isinstance(value, bool) or not isinstance(value, int):
        reject(problems, node, (*path, key), f"{key} must be a whole number")
        del table[key]
