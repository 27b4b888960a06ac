"""The settings of a deploy that are in no machine's config, so that a plan comment shows everything that changes the digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from entrypoint.kernel.json import Json
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.sizes import size_words
from entrypoint.report.other_fields import other_fields
from entrypoint.report.plan.verify_words import verify_line
from entrypoint.report.text.escape import Md, code
from entrypoint.report.text.names import name
from entrypoint.report.text.words import join

_USUAL: Mapping[str, Json] = {
    "singleton": False,
    "when_empty": "create",
    "start": False,
    "compat": "flightplan",
    "order": [],
}
"""Default values, which are not shown."""
_SECONDS = frozenset({"wait_timeout"})
_TOLD = frozenset({"verify", "selection"})
"""Settings that have lines of their own."""


def settings_lines(plan: Plan) -> Iterator[Md]:
    """For the whole app first, then for each group that has some."""
    rollout = _mapping(plan.settings.get("rollout"))
    if rollout:
        yield Md(f"the app: {_listed(rollout)}")
    selection = _mapping(rollout.get("selection"))
    for key, words in (("groups", "only the groups"), ("regions", "only the regions")):
        if isinstance(found := selection.get(key), Sequence) and found:
            yield Md(f"{words} {join([name(str(item)) for item in found])}")
    if plan.verify is not None and not plan.has_changes:
        yield Md(f"at the end of a deploy: {verify_line(plan.verify)}")
    release = _mapping(plan.settings.get("release_command"))
    if release:
        size = code(found) if (found := size_words(release.get("guest"))) else "size of the default group"
        timeout = release.get("timeout")
        seconds = code("300" if timeout is None else _number(timeout))
        guest = [f", {code(field)}" for field in other_fields({"guest": release.get("guest")})]
        command = f" {name(plan.release.command)}" if plan.release is not None else ""
        yield Md(f"release command{command}: {size}, timeout {seconds} s{''.join(guest)}")
    for group, policy in _mapping(plan.settings.get("groups")).items():
        if listed := _listed(_mapping(policy)):
            yield Md(f"{name(group)}: {listed}")


def _listed(found: Mapping[str, Json]) -> str:
    return ", ".join(
        f"{key} {_value(value)}{' s' if key in _SECONDS else ''}"
        for key, value in found.items()
        if key not in _TOLD and value is not None and (key not in _USUAL or value != _USUAL[key])
    )


def _value(value: Json) -> Md:
    return name(value if isinstance(value, str) else _number(value))


def _number(value: Json) -> str:
    """A number as people write it: 300, not 300.0. Any other value as JSON."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
