"""flightplan.toml: what fly.toml cannot say (product.md), and the input `scale`, which says some of the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import OnFailure
from entrypoint.manifest.problems import Problems
from entrypoint.manifest.source import Node, Path, parse_toml

Count = int | Mapping[Region, int]
MOST_MACHINES = 1000
_WHEN_EMPTY = ("create", "leave", "fail")
_LEVELS = ("off", "notice", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPolicy:
    """`[groups.NAME]`."""

    count: Count | None = None
    max_unavailable: float | None = None
    singleton: bool = False
    when_empty: str = "create"
    start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole file; empty where there is none. `rules` is a level for each rule id, or off."""

    groups: Mapping[GroupName, GroupPolicy] = field(default_factory=dict)
    order: tuple[tuple[GroupName, ...], ...] = ()
    on_failure: OnFailure | None = None
    verify_url: str | None = None
    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReading:
    """The policy as far as it could be read, and what is wrong with it."""

    policy: Policy
    findings: tuple[Finding, ...]


def read_policy(text: str | bytes, *, file: str) -> PolicyReading:
    """Read flightplan.toml. Never raises for the text's sake."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    source = parse_toml(text, file=file)
    if isinstance(source, Finding):
        return PolicyReading(policy=Policy(), findings=(source,))
    reader = _Reader(Problems(source))
    return PolicyReading(policy=reader.read(source.root), findings=tuple(reader.problems.found))


def parse_scale(text: str) -> dict[GroupName, Count]:
    """`web=2 worker=1`, or by region `web=iad:2,gru:1`. Raises ValueError."""
    result: dict[GroupName, Count] = {}
    for word in text.split():
        group, equals, value = word.partition("=")
        if not equals or not group or not value:
            raise ValueError(f"{word!r} is not GROUP=COUNT")
        if group in result:
            raise ValueError(f"{group!r} is named twice")
        result[GroupName(group)] = _scale_value(word, value)
    return result


def _scale_value(word: str, value: str) -> Count:
    if ":" not in value:
        return _scale_count(word, value)
    regions: dict[Region, int] = {}
    for part in value.split(","):
        region, _, count = part.partition(":")
        if not re.fullmatch(r"[a-z]{3}", region) or region in regions:
            raise ValueError(f"{word!r}: {part!r} is not REGION:COUNT, each region once")
        regions[Region(region)] = _scale_count(word, count)
    return regions


def _scale_count(word: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", value) or int(value) > MOST_MACHINES:
        raise ValueError(f"{word!r}: a count is a whole number from 0 to {MOST_MACHINES}")
    return int(value)


class _Reader:
    """Reads section by section, collecting problems."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def read(self, root: Node) -> Policy:
        sections = self._table(root, (), ("groups", "rollout", "verify", "rules"))
        groups: dict[GroupName, GroupPolicy] = {}
        if "groups" in sections:
            for name, node in self._any_table(sections["groups"], ("groups",)).items():
                groups[GroupName(name)] = self._group(node, ("groups", name))
        rollout = self._section(sections, "rollout", ("order", "on_failure"))
        verify = self._section(sections, "verify", ("url",))
        on_failure = self._word(rollout, "on_failure", ("rollout",), tuple(OnFailure))
        return Policy(
            groups=groups,
            order=self._order(rollout),
            on_failure=OnFailure(on_failure) if on_failure else None,
            verify_url=self._text(verify, "url", ("verify",)),
            rules=self._rules(sections),
        )

    def _group(self, node: Node, path: Path) -> GroupPolicy:
        table = self._table(node, path, ("count", "max_unavailable", "singleton", "when_empty", "start"))
        return GroupPolicy(
            count=self._count(table.get("count"), (*path, "count")),
            max_unavailable=self._share(table.get("max_unavailable"), (*path, "max_unavailable")),
            singleton=self._flag(table, "singleton", path),
            when_empty=self._word(table, "when_empty", path, _WHEN_EMPTY) or "create",
            start=self._flag(table, "start", path),
        )

    def _count(self, node: Node | None, path: Path) -> Count | None:
        if node is None:
            return None
        if isinstance(node.value, dict):
            return {
                Region(r): n
                for r, item in node.value.items()
                if (n := self._whole(item, (*path, r))) is not None
            }
        return self._whole(node, path)

    def _whole(self, node: Node, path: Path) -> int | None:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_MACHINES:
            return value
        self._wrong(node, path, f"{path[-1]} must be a whole number from 0 to {MOST_MACHINES}")
        return None

    def _share(self, node: Node | None, path: Path) -> float | None:
        if node is None:
            return None
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
            return float(value)
        self._wrong(node, path, f"{path[-1]} must be a number above 0: machines from 1 up, a share below 1")
        return None

    def _flag(self, table: Mapping[str, Node], key: str, path: Path) -> bool:
        node = table.get(key)
        if node is not None and not isinstance(node.value, bool):
            self._wrong(node, (*path, key), f"{key} must be true or false")
        return node is not None and node.value is True

    def _text(self, table: Mapping[str, Node], key: str, path: Path) -> str | None:
        node = table.get(key)
        if node is not None and not isinstance(node.value, str):
            self._wrong(node, (*path, key), f"{key} must be a string")
        return node.value if node is not None and isinstance(node.value, str) else None

    def _word(self, table: Mapping[str, Node], key: str, path: Path, words: tuple[str, ...]) -> str | None:
        text = self._text(table, key, path)
        if text is not None and text not in words:
            self._wrong(table[key], (*path, key), f"{key} must be one of {', '.join(words)}")
            return None
        return text

    def _order(self, rollout: Mapping[str, Node]) -> tuple[tuple[GroupName, ...], ...]:
        node = rollout.get("order")
        if node is None:
            return ()
        result: list[tuple[GroupName, ...]] = []
        named: set[str] = set()
        for index, entry in enumerate(node.value if isinstance(node.value, list) else [node]):
            names = [item.value for item in entry.value] if isinstance(entry.value, list) else []
            groups = tuple(GroupName(name) for name in names if isinstance(name, str) and name not in named)
            if not names or len(groups) != len(names):
                message = 'order is a list of lists of groups, each group once: [["web"], ["worker", "cron"]]'
                self._wrong(entry, ("rollout", "order", index), message)
            named |= set(groups)
            result.append(groups)
        return tuple(result)

    def _rules(self, sections: Mapping[str, Node]) -> dict[str, str]:
        if "rules" not in sections:
            return {}
        table = self._any_table(sections["rules"], ("rules",))
        found = {name: self._word(table, name, ("rules",), _LEVELS) for name in table}
        return {name: level for name, level in found.items() if level}

    def _section(self, sections: Mapping[str, Node], name: str, keys: tuple[str, ...]) -> Mapping[str, Node]:
        return self._table(sections[name], (name,), keys) if name in sections else {}

    def _any_table(self, node: Node, path: Path) -> Mapping[str, Node]:
        if isinstance(node.value, dict):
            return node.value
        self._wrong(node, path, f"{path[-1]} must be a table")
        return {}

    def _table(self, node: Node, path: Path, keys: tuple[str, ...]) -> Mapping[str, Node]:
        table = self._any_table(node, path)
        for key, item in table.items():
            if key not in keys:
                close = difflib.get_close_matches(key, keys, n=1)
                hint = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(keys)}."
                self.problems.add(
                    "unknown-key",
                    f"there is no key {key!r} here",
                    node=item,
                    path=(*path, key),
                    hint=hint,
                    on_key=True,
                )
        return {key: item for key, item in table.items() if key in keys}

    def _wrong(self, node: Node, path: Path, message: str) -> None:
        self.problems.add("policy", message, node=node, path=path)
