"""The ten migrations that flyctl runs over a parsed fly.toml before it decodes it (internal/appconfig/patches.go), in order.

They work on the tree in place, so that every value keeps its position. What a patch cannot take is a finding with
`flyctl_rejects`; the patch then drops the value, so that the rest of the file is still checked.
"""

from __future__ import annotations

from entrypoint.kernel.findings import Severity
from entrypoint.manifest.gofmt import format_value
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.source import Node, Path
from entrypoint.manifest.values import format_duration, parse_int64, to_int64

Table = dict[str, Node]
SECOND, MILLISECOND = 10**9, 10**6


def patch_all(root: Node, problems: Problems) -> None:
    """Run all ten."""
    table = root.value
    assert isinstance(table, dict)
    for patch in (
        _env,
        _services,
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


def _reject(problems: Problems, node: Node, path: Path, message: str, *, hint: str = "") -> None:
    problems.add("wrong-type", message, node=node, path=path, hint=hint, flyctl_rejects=True)


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
        _reject(problems, node, path, "[env] must be a table of variables")
        return False
    for key, value in node.value.items():
        into[key] = value if isinstance(value.value, str) else value.like(format_value(value))
    return True


def _services(table: Table, problems: Problems) -> None:
    node = table.get("services")
    if node is None:
        return
    items = _list_of_tables(node, ("services",), problems)
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
        ports = _list_of_tables(table["ports"], (*path, "ports"), problems)
        for index, port in enumerate(ports or ()):
            assert isinstance(port.value, dict)
            _integer(port.value, "port", (*path, "ports", index), problems)
        _replace(table, "ports", ports)
    for kind in ("tcp_checks", "http_checks"):
        if kind in table:
            checks = _list_of_tables(table[kind], (*path, kind), problems)
            for index, check in enumerate(checks or ()):
                assert isinstance(check.value, dict)
                _check(check.value, (*path, kind, index), problems)
            _replace(table, kind, checks or None)
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
        _reject(
            problems,
            node,
            where,
            f'concurrency {node.value!r} is not "soft,hard"',
            hint='Write "20,25", without spaces.',
        )
    else:
        _reject(
            problems, node, where, "concurrency must be a table", hint="Write it as [services.concurrency]."
        )
    del table["concurrency"]


def _integer(table: Table, key: str, path: Path, problems: Problems) -> None:
    """castToInt: numeric strings and floats are taken, floats cut off."""
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
        _reject(problems, node, (*path, key), f"{key} must be a whole number")
        del table[key]


def _check(table: Table, path: Path, problems: Problems) -> None:
    for key in ("interval", "timeout", "grace_period"):
        _duration(table, (*path, key), problems, unit=MILLISECOND)
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
        _reject(problems, node, path, "headers must be a table of names and values")
        return headers
    for index, item in enumerate(node.value):
        if not isinstance(item.value, dict) or "name" not in item.value:
            _reject(problems, item, (*path, index), "a header needs a name and a value")
            continue
        value = item.value.get("value")
        headers[format_value(item.value["name"])] = (
            value.like(format_value(value)) if value else item.like("")
        )
    return headers


def _duration(table: Table, path: Path, problems: Problems, *, unit: int) -> None:
    """_castDuration: numbers count `unit`s, cut off to whole ones; "" and anything else is unset."""
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
            f"flyctl drops this {key}: it is no duration",
            node=node,
            path=path,
            hint=f'Write {key} = "10s".',
            severity=Severity.WARNING,
        )
    del table[key]


def _wrap(nanoseconds: int) -> int:
    """Go's int64 arithmetic."""
    return (nanoseconds + 2**63) % 2**64 - 2**63


def _processes(table: Table, problems: Problems) -> None:
    node = table.get("processes")
    if node is None or isinstance(node.value, dict):
        return
    if not isinstance(node.value, list):
        _reject(problems, node, ("processes",), "[processes] must be a table of groups and commands")
        del table["processes"]
        return
    processes: Table = {}
    for item in node.value:
        if isinstance(item.value, dict) and "name" in item.value:
            command = item.value.get("command")
            processes[format_value(item.value["name"])] = (
                command.like(format_value(command)) if command else item.like("")
            )
    _replace(table, "processes", None)
    if processes:
        table["processes"] = node.like(processes)


def _experimental(table: Table, problems: Problems) -> None:
    node = table.get("experimental")
    if node is None:
        return
    if not isinstance(node.value, dict):
        _reject(problems, node, ("experimental",), "[experimental] must be a table")
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
        _reject(problems, node, ("experimental", key), f"{key} must be a list of strings")
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
                _reject(
                    problems,
                    item,
                    ("checks", index),
                    "a check needs a name",
                    hint="Write it as [checks.NAME].",
                )
            else:
                checks[label.value] = item
    else:
        _reject(problems, node, ("checks",), "[checks] must be a table of named checks")
    for name, check in list(checks.items()):
        if isinstance(check.value, dict):
            _check(check.value, ("checks", name), problems)
        else:
            _reject(
                problems,
                check,
                ("checks", name),
                "a check must be a table",
                hint=f"Write it as [checks.{name}].",
            )
            del checks[name]
    _replace(table, "checks", None)
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
    """Several spellings of a section, single or list, become one list."""
    merged: list[Node] = []
    first: Node | None = None
    for name in names:
        node = table.pop(name, None)
        if node is None:
            continue
        first = first or node
        merged += _list_of_tables(node, (name,), problems) or []
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
    _duration(table, ("kill_timeout",), problems, unit=SECOND)


def _build(table: Table, problems: Problems) -> None:
    node = table.get("build")
    if node is None:
        return
    if not isinstance(node.value, dict):
        _reject(problems, node, ("build",), "[build] must be a table")
        del table["build"]
        return
    if "build_target" in node.value:
        inner = dict(node.value)
        inner["build-target"] = inner.pop("build_target")
        table["build"] = node.like(inner)


def _list_of_tables(node: Node, path: Path, problems: Problems) -> list[Node] | None:
    """ensureArrayOfMap."""
    items = node.value if isinstance(node.value, list) else [node]
    bad = [item for item in items if not isinstance(item.value, dict)]
    for item in bad:
        _reject(problems, item, path, f"{path[-1]} must be a table", hint=f"Write it as [[{path[-1]}]].")
    return None if bad else items


def _replace(table: Table, key: str, items: list[Node] | None) -> None:
    """Put a patched list in place of a value, or take the value away."""
    if items is None:
        del table[key]
    else:
        table[key] = table[key].like(items)
