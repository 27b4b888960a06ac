"""The ten migrations that flyctl runs over a parsed fly.toml before it decodes it (internal/appconfig/patches.go), in order.

They change the tree in place, so that every value keeps its position. A value that a patch refuses is a finding with `flyctl_rejects`; the
patch then drops it, so that the rest of the file is still checked.
"""

from __future__ import annotations

from entrypoint.kernel.durations import SECOND
from entrypoint.manifest.decode.casts import (
    Table,
    cast_duration,
    list_of_tables,
    patch_check,
    put_list,
    reject,
)
from entrypoint.manifest.decode.gofmt import format_value
from entrypoint.manifest.decode.patch_services import patch_services
from entrypoint.manifest.decode.schema import TOP_CHECK
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.syntax.tree import Node, Path


def patch_all(root: Node, problems: Problems) -> None:
    """Run all ten."""
    table = root.value
    assert isinstance(table, dict)
    for patch in (
        _env,
        patch_services,
        _processes,
        _experimental,
        _checks,
        _compute,
        _mounts,
        _metrics,
        _kill_timeout,
        _build,
    ):
        patch(table, problems)


def _env(table: Table, problems: Problems) -> None:
    node = table.get("env")
    if node is None:
        return
    merged: Table = {}
    ok = _merge_env(node, ("env",), merged, problems)
    if ok:
        table["env"] = node.like(merged)
    else:
        del table["env"]


def _merge_env(node: Node, path: Path, into: Table, problems: Problems) -> bool:
    if isinstance(node.value, list):
        verdicts = [_merge_env(item, (*path, i), into, problems) for i, item in enumerate(node.value)]
        return all(verdicts)
    if not isinstance(node.value, dict):
        reject(problems, node, path, "[env] must be a table of variables")
        return False
    for key, value in node.value.items():
        into[key] = value if isinstance(value.value, str) else value.like(format_value(value))
    return True


def _processes(table: Table, problems: Problems) -> None:
    node = table.get("processes")
    if node is None or isinstance(node.value, dict):
        return
    if not isinstance(node.value, list):
        reject(problems, node, ("processes",), "[processes] must be a table of groups and commands")
        del table["processes"]
        return
    processes: Table = {}
    for item in node.value:
        if isinstance(item.value, dict) and "name" in item.value:
            command = item.value.get("command")
            processes[format_value(item.value["name"])] = (
                command.like(format_value(command)) if command else item.like("")
            )
    put_list(table, "processes", None)
    if processes:
        table["processes"] = node.like(processes)


def _experimental(table: Table, problems: Problems) -> None:
    node = table.get("experimental")
    if node is None:
        return
    if not isinstance(node.value, dict):
        reject(problems, node, ("experimental",), "[experimental] must be a table")
        del table["experimental"]
        return
    inner = dict(node.value)
    metrics: Table = {}
    for key, value in node.value.items():
        if key in ("cmd", "entrypoint", "exec"):
            _string_list(inner, key, problems)
        elif key == "kill_timeout" and "kill_timeout" not in table:
            table["kill_timeout"] = value
        elif key in ("metrics_port", "metrics_path"):
            metrics[key.removeprefix("metrics_")] = value
    table["experimental"] = node.like(inner)
    if metrics and "metrics" not in table:
        table["metrics"] = node.like(metrics)


def _string_list(table: Table, key: str, problems: Problems) -> None:
    node = table[key]
    if isinstance(node.value, str):
        table[key] = node.like([node.like(node.value)])
    elif not isinstance(node.value, list) or any(not isinstance(item.value, str) for item in node.value):
        reject(problems, node, ("experimental", key), f"{key} must be a list of strings")
        del table[key]


def _checks(table: Table, problems: Problems) -> None:
    node = table.get("checks")
    if node is None:
        return
    checks: Table = {}
    if isinstance(node.value, dict):
        checks = dict(node.value)
    elif isinstance(node.value, list):
        for index, item in enumerate(node.value):
            label = item.value.get("name") if isinstance(item.value, dict) else None
            if label is None or not isinstance(label.value, str):
                reject(
                    problems,
                    item,
                    ("checks", index),
                    "a check needs a name",
                    hint="Write it as [checks.NAME].",
                )
            else:
                checks[label.value] = item
    else:
        reject(problems, node, ("checks",), "[checks] must be a table of named checks")
    for name, check in list(checks.items()):
        if isinstance(check.value, dict):
            patch_check(check.value, ("checks", name), problems)
        else:
            reject(
                problems,
                check,
                ("checks", name),
                "a check must be a table",
                hint="Give the check a name: its keys stand below [checks.NAME]."
                if name in TOP_CHECK.fields
                else f"Write it as [checks.{name}].",
            )
            del checks[name]
    put_list(table, "checks", None)
    if checks:
        table["checks"] = node.like(checks)


def _compute(table: Table, problems: Problems) -> None:
    _merge_lists(table, ("compute", "computes", "vm"), "vm", problems, text_key="memory")


def _mounts(table: Table, problems: Problems) -> None:
    _merge_lists(table, ("mount", "mounts"), "mounts", problems, text_key="initial_size")


def _metrics(table: Table, problems: Problems) -> None:
    _merge_lists(table, ("metric", "metrics"), "metrics", problems, text_key=None)


def _merge_lists(
    table: Table, names: tuple[str, ...], into: str, problems: Problems, *, text_key: str | None
) -> None:
    """Merge several spellings of a section, each a table or a list, into one list."""
    merged: list[Node] = []
    first: Node | None = None
    for name in names:
        node = table.pop(name, None)
        if node is None:
            continue
        first = first or node
        merged += list_of_tables(node, (name,), problems) or []
    for item in merged:
        assert isinstance(item.value, dict)
        found = item.value.get(text_key) if text_key else None
        if text_key and found is not None and not isinstance(found.value, str):
            item.value[text_key] = found.like(format_value(found))
    if first is not None:
        table[into] = first.like(merged)
    elif any(key.casefold() == into for key in table):
        table[into] = Node(value=[], start=0, end=0)  # flyctl sets the key in any case, and so empties [[VM]]


def _kill_timeout(table: Table, problems: Problems) -> None:
    cast_duration(table, ("kill_timeout",), problems, unit=SECOND)


def _build(table: Table, problems: Problems) -> None:
    node = table.get("build")
    if node is None:
        return
    if not isinstance(node.value, dict):
        reject(problems, node, ("build",), "[build] must be a table")
        del table["build"]
        return
    if "build_target" in node.value:
        inner = dict(node.value)
        inner["build-target"] = inner.pop("build_target")
        table["build"] = node.like(inner)
