"""flightplan.toml → Policy, and findings with positions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from entrypoint.kernel.findings import Finding, Severity, Span
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.run import OnFailure
from entrypoint.manifest.checks.rules.catalogue import SUMMARIES, unknown_rule_hint
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.policy.groups import MOST_MACHINES, Count, GroupPolicy, Mention
from entrypoint.manifest.policy.model import MOST_GB, MOST_NOTE, AddressMode, Level, Policy
from entrypoint.manifest.policy.verify import KEYS, read_verify
from entrypoint.manifest.problems import Problems, format_path, group_hint, quote
from entrypoint.manifest.syntax.toml import parse_toml
from entrypoint.manifest.syntax.tree import Node, Path
from entrypoint.manifest.values import parse_volume_size

WHEN_EMPTY = ("create", "leave", "fail")
LEVELS = ("off", "notice", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReading:
    """The policy as far as it could be read, and what is wrong with it."""

    policy: Policy
    findings: tuple[Finding, ...]
    mentions: tuple[Mention, ...] = ()

    def unknown_groups(self, manifest: Manifest) -> tuple[Finding, ...]:
        """Findings for groups that fly.toml does not have, because their policy would have no effect."""
        return tuple(
            Finding(
                rule="policy-group",
                severity=Severity.ERROR,
                message=f"fly.toml has no group {quote(mention.group)}",
                hint=group_hint(mention.group, manifest.groups),
                file=mention.file,
                span=mention.span,
                path=mention.path,
            )
            for mention in self.mentions
            if not manifest.has_group(mention.group)
        )


def read_policy(text: str | bytes, *, file: str) -> PolicyReading:
    """Read flightplan.toml. Never raises: problems of the text are findings."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            return PolicyReading(policy=Policy(), findings=(_not_text(file, line),))
    source = parse_toml(text, file=file)
    if isinstance(source, Finding):
        mine = source._replace(flyctl_rejects=False)  # flyctl does not read this file
        return PolicyReading(policy=Policy(), findings=(mine,))
    reader = _Reader(Problems(source))
    policy = reader.read(source.root)
    return PolicyReading(
        policy=policy, findings=tuple(reader.problems.found), mentions=tuple(reader.mentions)
    )


def _not_text(file: str, line: int) -> Finding:
    span = Span(line=line, column=1, end_line=line, end_column=2)
    message, hint = "Not TOML: it is not UTF-8", "Save it as UTF-8."
    return Finding(
        rule="toml-syntax", severity=Severity.ERROR, message=message, hint=hint, file=file, span=span
    )


class _Reader:
    """Reads section by section, collecting problems."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.mentions: list[Mention] = []

    def read(self, root: Node) -> Policy:
        sections = self._table(root, (), ("groups", "rollout", "network", "verify", "comment", "rules"))
        groups: dict[GroupName, GroupPolicy] = {}
        if "groups" in sections:
            for name, node in self._any_table(sections["groups"], ("groups",)).items():
                groups[GroupName(name)] = self._group(node, ("groups", name))
                self._mention(name, node, ("groups", name))
        rollout = self._section(sections, "rollout", ("order", "on_failure", "logs"))
        verify = self._section(sections, "verify", KEYS)
        on_failure = self._word(rollout, "on_failure", ("rollout",), tuple(OnFailure))
        return Policy(
            groups=groups,
            order=self._order(rollout),
            addresses=self._addresses(sections),
            on_failure=OnFailure(on_failure) if on_failure else None,
            logs=self._flag(rollout, "logs", ("rollout",)),
            verify=read_verify(verify, self.problems),
            note=self._note(self._section(sections, "comment", ("note",))),
            rules=self._rules(sections),
        )

    def _note(self, table: Mapping[str, Node]) -> str:
        note = (self._text(table, "note", ("comment",)) or "").strip()
        if len(note) > MOST_NOTE:
            self._wrong(
                table["note"],
                ("comment", "note"),
                f"note has {len(note)} characters; it may have {MOST_NOTE}",
            )
            return ""
        return note

    def _group(self, node: Node, path: Path) -> GroupPolicy:
        table = self._table(
            node,
            path,
            (
                "count",
                "max_unavailable",
                "singleton",
                "when_empty",
                "start",
                "drain",
                "snapshot",
                "volume_size",
            ),
        )
        policy = GroupPolicy(
            count=self._count(table.get("count"), (*path, "count")),
            max_unavailable=self._share(table.get("max_unavailable"), (*path, "max_unavailable")),
            singleton=self._flag(table, "singleton", path),
            when_empty=self._word(table, "when_empty", path, WHEN_EMPTY) or "create",
            start=self._flag(table, "start", path),
            snapshot=self._flag(table, "snapshot", path),
            volume_size=self._volume_size(table.get("volume_size"), (*path, "volume_size")),
            drain=self._flag(table, "drain", path),
        )
        count = policy.count
        total = sum(count.values()) if isinstance(count, Mapping) else count
        if policy.singleton and total is not None and total > 1:
            where = (*path, "count")
            self._wrong(table["count"], where, f"a singleton has one machine, and count says {total}")
        return policy

    def _mention(self, name: str, node: Node, path: Path) -> None:
        source = self.problems.source
        span = source.key_span(node)
        mention = Mention(group=GroupName(name), file=source.file, span=span, path=format_path(path))
        self.mentions.append(mention)

    def _addresses(self, sections: Mapping[str, Node]) -> AddressMode | None:
        network = self._section(sections, "network", ("addresses",))
        word = self._word(network, "addresses", ("network",), tuple(AddressMode))
        return AddressMode(word) if word else None

    def _volume_size(self, node: Node | None, path: Path) -> int | None:
        """GB, as fly.toml's initial_size spells it, or a whole number."""
        if node is None:
            return None
        size = node.value if isinstance(node.value, int) and not isinstance(node.value, bool) else 0
        if isinstance(node.value, str):
            with suppress(ValueError):
                size = parse_volume_size(node.value)
        if not 1 <= size <= MOST_GB:
            self._wrong(
                node, path, f'volume_size must be a size from 1 to {MOST_GB} GB, such as "10gb" or 10'
            )
            return None
        return size

    def _count(self, node: Node | None, path: Path) -> Count | None:
        if node is None:
            return None
        if not isinstance(node.value, dict):
            return self._whole(node, path)
        counts: dict[Region, int] = {}
        for region, item in node.value.items():
            if not re.fullmatch(r"[a-z]{3}", region):
                self._wrong(
                    item, (*path, region), f"{quote(region)} is not a region: regions have three letters"
                )
            elif (number := self._whole(item, (*path, region))) is not None:
                counts[Region(region)] = number
        return counts

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
        if isinstance(value, int | float) and not isinstance(value, bool):
            share = 0 < value < 1
            if share or (1 <= value <= MOST_MACHINES and value == int(value)):
                return float(value)
        self._wrong(
            node, path, f"{path[-1]} must be a whole number of machines from 1 up, or a share below 1"
        )
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
            close = nearest(text, words)
            hint = f"Did you mean {quote(close)}?" if close else ""
            self._wrong(table[key], (*path, key), f"{key} must be one of {', '.join(words)}", hint=hint)
            return None
        return text

    def _order(self, rollout: Mapping[str, Node]) -> tuple[tuple[GroupName, ...], ...]:
        node = rollout.get("order")
        if node is None:
            return ()
        result: list[tuple[GroupName, ...]] = []
        named: set[str] = set()
        for index, entry in enumerate(node.value if isinstance(node.value, list) else [node]):
            where: Path = ("rollout", "order", index)
            items = entry.value if isinstance(entry.value, list) else []
            groups = tuple(GroupName(item.value) for item in items if isinstance(item.value, str))
            if not groups or len(groups) != len(items) or not named.isdisjoint(groups):
                message = 'order is a list of lists of groups, each group once: [["web"], ["worker", "cron"]]'
                self._wrong(entry, where, message)
            for place, item in enumerate(items):
                if isinstance(item.value, str):
                    self._mention(item.value, item, (*where, place))
            result.append(tuple(dict.fromkeys(group for group in groups if group not in named)))
            named |= set(groups)
        return tuple(result)

    def _rules(self, sections: Mapping[str, Node]) -> dict[str, Level]:
        if "rules" not in sections:
            return {}
        table = self._any_table(sections["rules"], ("rules",))
        source = self.problems.source
        levels: dict[str, Level] = {}
        for name, node in table.items():
            level = self._word(table, name, ("rules",), LEVELS)
            if name not in SUMMARIES:
                self.problems.add(
                    "policy-rule",
                    f"there is no rule {quote(name)}",
                    node=node,
                    path=("rules", name),
                    hint=unknown_rule_hint(name),
                    on_key=True,
                )
            elif level:
                levels[name] = Level(level=level, file=source.file, span=source.key_span(node))
        return levels

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
                close = nearest(key, keys)
                self.problems.add(
                    "policy-key",
                    f"there is no key {quote(key)} here",
                    node=item,
                    path=(*path, key),
                    hint=f"Did you mean {quote(close)}?" if close else f"Known here: {', '.join(keys)}.",
                    on_key=True,
                )
        return {key: item for key, item in table.items() if key in keys}

    def _wrong(self, node: Node, path: Path, message: str, *, hint: str = "") -> None:
        self.problems.add("policy-value", message, node=node, path=path, hint=hint)
