"""External ports that are lost, moved or gained, and groups that lose all health checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import objects
from entrypoint.planning.consequences.said import group_now, listed, note, quoted, warn
from entrypoint.planning.model.gates import has_checks
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled

Ports = dict[str, set[GroupName]]
"""Which groups answer on an external port: "443", "8080-8090", "53/udp"."""


def traffic(groups: Sequence[Reconciled], seen: Sequence[Seen]) -> Iterator[Finding]:
    """What changes for those who send requests to the app."""
    before = _ports((group_now(s), s.machine.config) for s in seen if not s.is_new)
    after = _ports((a.group, a.config) for group in groups for a in group.after)
    if not before and not any(not s.is_new for s in seen):
        return
    yield from _lost(before, after)
    yield from _moved(before, after)
    gained = sorted(set(after) - set(before), key=_in_order)
    if gained:
        names = sorted({group for port in gained for group in after[port]})
        yield note(
            "ports-gained",
            f"{quoted(names)} {_answer(names)} on {_words(gained)}, where no group answers today.",
        )


def _lost(before: Ports, after: Ports) -> Iterator[Finding]:
    by_group: dict[tuple[GroupName, ...], list[str]] = defaultdict(list)
    for port in sorted(set(before) - set(after), key=_in_order):
        by_group[tuple(sorted(before[port]))].append(port)
    for groups, ports in by_group.items():
        yield warn(
            "ports-lost",
            f"No group answers on {_words(ports)} any more: {quoted(groups)} {'does' if len(groups) == 1 else 'do'} today.",
            hint="Keep its `[http_service]` or `[[services]]`, if that is not intended.",
        )


def _moved(before: Ports, after: Ports) -> Iterator[Finding]:
    moves: dict[tuple[tuple[GroupName, ...], tuple[GroupName, ...]], list[str]] = defaultdict(list)
    for port in sorted(set(before) & set(after), key=_in_order):
        lost, won = before[port] - after[port], after[port] - before[port]
        if lost:
            moves[tuple(sorted(lost)), tuple(sorted(won or after[port]))].append(port)
    for (lost_by, answered_by), ports in moves.items():
        yield warn(
            "ports-moved",
            f"Requests on {_words(ports)} no longer reach {quoted(lost_by)}: {quoted(answered_by)} {_answer(answered_by)} them.",
        )


def checks_lost(group: Reconciled, seen: Sequence[Seen]) -> bool:
    """Whether machines of the group have checks now, and none after the deploy."""
    had = any(has_checks(s.machine.config) for s in seen if group_now(s) == group.group and not s.is_new)
    after = group.after
    return had and bool(after) and not any(has_checks(machine.config) for machine in after)


def gate_falls(groups: Sequence[Reconciled], seen: Sequence[Seen]) -> Iterator[Finding]:
    """Without checks, a machine counts as healthy if it runs."""
    names = [group.group for group in groups if checks_lost(group, seen)]
    if names:
        yield warn(
            "checks-lost",
            f"{quoted(names)} lose{'s' if len(names) == 1 else ''} every check: a machine counts as healthy "
            "once it has run for 10 s.",
            hint="Add one: `[[http_service.checks]]`, or `[checks.NAME]` with `processes`.",
        )


def _ports(configs: Iterable[tuple[GroupName, Mapping[str, Json]]]) -> Ports:
    found: Ports = defaultdict(set)
    for group, config in configs:
        for service in objects(config.get("services")):
            suffix = "/udp" if service.get("protocol") == "udp" else ""
            for port in objects(service.get("ports")):
                first, last = port.get("start_port") or port.get("port"), port.get("end_port")
                if first is not None:
                    found[f"{first}{f'-{last}' if last not in (None, first) else ''}{suffix}"].add(group)
    return dict(found)


def _in_order(port: str) -> tuple[int, str]:
    digits = port.partition("-")[0].partition("/")[0]
    return (int(digits) if digits.isdecimal() else 0, port)


def _answer(groups: Sequence[GroupName]) -> str:
    return "answers" if len(groups) == 1 else "answer"


def _words(ports: Sequence[str]) -> str:
    return f"port{'s' if len(ports) > 1 else ''} {listed(ports)}"
