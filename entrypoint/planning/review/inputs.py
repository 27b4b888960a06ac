"""The inputs that shape a plan, as short hashes by name: those of a deploy must be those of a review or of the last green deploy."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from typing import TypeAlias

from entrypoint.fleet.fingerprints import spellings
from entrypoint.kernel.json import Json
from entrypoint.kernel.run import Compat
from entrypoint.kernel.secrets import Secret
from entrypoint.planning.settings import Overrides

_FILTERS = frozenset({"groups", "regions"})
InputHashes: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""By input name: every short hash that its value may be known by; the first is the one to write."""


def shaping_inputs(
    overrides: Overrides, *, policy: str | None, generated: Mapping[str, bytes | None], secret: Secret | None
) -> InputHashes:
    """Every input that is given and shapes a plan.

    `policy`: the input of that name, where it names another file than the one beside fly.toml. `generated`: files that are read
    and are not in git as they are in HEAD's tree, by path; None for one that git has and the workspace lacks. Consent
    (`allow-destroy`) is no part: rule 3 asks for it.
    """
    values: dict[str, Json] = {
        "strategy": overrides.strategy,
        "max-unavailable": _number(overrides.max_unavailable),
        "wait-timeout": _number(overrides.wait_timeout),
        "on-failure": None if overrides.on_failure is None else overrides.on_failure.value,
        "compat": None if overrides.compat is Compat.FLIGHTPLAN else overrides.compat.value,
        "scale": _scale(overrides),
        "groups": _names(overrides.selection.groups),
        "regions": _names(overrides.selection.regions),
        "policy": policy,
    }
    hashes = {name: spellings(value, secret=secret) for name, value in values.items() if value is not None}
    return hashes | {
        f"file:{path}": spellings(_content(data), secret=secret) for path, data in generated.items()
    }


def of_the_whole_app(inputs: Mapping[str, str]) -> dict[str, str]:
    """Those of a deploy of everything that a deploy with these inputs amounts to, where it left nothing out."""
    return {name: value for name, value in inputs.items() if name not in _FILTERS}


def written(inputs: InputHashes) -> dict[str, str]:
    """The inputs as a record and a done mark hold them."""
    return {name: known[0] for name, known in inputs.items()}


def _number(value: float | None) -> Json:
    """JSON knows no infinity."""
    return value if value is None or math.isfinite(value) else str(value)


def _scale(overrides: Overrides) -> Json:
    counts: dict[str, Json] = {
        str(group): {str(region): number for region, number in count.items()}
        if isinstance(count, Mapping)
        else count
        for group, count in overrides.scale.items()
    }
    return counts or None


def _names(names: Collection[str]) -> Json:
    return sorted(names) or None


def _content(data: bytes | None) -> Json:
    return None if data is None else hashlib.sha256(data).hexdigest()
