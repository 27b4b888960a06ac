"""`[verify]` of flightplan.toml → kernel.verify.Verify, and findings with positions."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.json import Json
from entrypoint.kernel.verify import MOST_BAKE, JsonValue, Verify, url_problem
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.syntax.tree import Node, Path

KEYS = ("url", "status", "json", "bake")


def read_verify(table: Mapping[str, Node], problems: Problems) -> Verify | None:
    """None without the section, or if it asks for nothing."""
    url = _url(table.get("url"), problems)
    found = Verify(
        url=url,
        status=_number(table.get("status"), "status", problems, least=100, most=599),
        json=_json(table.get("json"), problems),
        bake=_number(table.get("bake"), "bake", problems, least=0, most=MOST_BAKE) or 0,
    )
    for key in ("status", "json"):
        if key in table and "url" not in table:
            _wrong(table[key], key, f"{key} needs a url that answers", problems)
    return found if found.url is not None or found.bake else None


def _url(node: Node | None, problems: Problems) -> str | None:
    if node is None:
        return None
    problem = url_problem(node.value) if isinstance(node.value, str) else "must be a string"
    if problem:
        _wrong(node, "url", f"url {problem}", problems)
        return None
    return node.value if isinstance(node.value, str) else None


def _number(node: Node | None, key: str, problems: Problems, *, least: int, most: int) -> int | None:
    if node is None:
        return None
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    unit = " of seconds" if key == "bake" else ""
    _wrong(node, key, f"{key} must be a whole number{unit} from {least} to {most}", problems)
    return None


def _json(node: Node | None, problems: Problems) -> JsonValue | None:
    """`json = { checks.db = "ok" }`: tables of one key each down to the value."""
    if node is None:
        return None
    path: list[str] = []
    here = node
    while isinstance(here.value, dict) and len(here.value) == 1:
        key, here = next(iter(here.value.items()))
        path.append(key)
    value: Json = here.value if isinstance(here.value, str | int | float | bool) else None
    if not path or value is None:
        message = 'json is one path and its value, a string, a number, or true or false: json = { checks.db = "ok" }'
        _wrong(node, "json", message, problems)
        return None
    return JsonValue(path=tuple(path), value=value)


def _wrong(node: Node, key: str, message: str, problems: Problems) -> None:
    path: Path = ("verify", key)
    problems.add("policy-value", message, node=node, path=path)
