"""What shapes a deploy and is in no machine's config, for the fold of a plan comment: nothing that moves the digest is unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from entrypoint.kernel.json import Json
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.sizes import size_words
from entrypoint.report.escape import Md, code
from entrypoint.report.names import name

_USUAL: Mapping[str, Json] = {
    "singleton": False,
    "when_empty": "create",
    "start": False,
    "compat": "flightplan",
    "order": [],
}
"""What is not worth a word."""
_TOLD = frozenset({"verify", "selection", "machine_checks"})
"""Said elsewhere: at the end of the order, as what is left out, in the order."""


def settings_lines(plan: Plan) -> Iterator[Md]:
    """For the whole app first, then for each group that has some."""
    rollout = _mapping(plan.settings.get("rollout"))
    if rollout:
        yield Md(f"the app: {_listed(rollout)}")
    release = _mapping(plan.settings.get("release_command"))
    if release:
        size = size_words(release.get("guest")) or "size of the default group"
        timeout = release.get("timeout")
        yield Md(
            f"release command: {code(size)}, timeout {code('300' if timeout is None else str(timeout))} s"
        )
    for group, policy in _mapping(plan.settings.get("groups")).items():
        if listed := _listed(_mapping(policy)):
            yield Md(f"{name(group)}: {listed}")


def _listed(found: Mapping[str, Json]) -> str:
    return ", ".join(
        f"{key} {_value(value)}"
        for key, value in found.items()
        if key not in _TOLD and value is not None and (key not in _USUAL or value != _USUAL[key])
    )


def _value(value: Json) -> Md:
    return name(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
