"""The inputs that change a plan, as short hashes by name. Those of a deploy must be those of a review or of the last green deploy."""

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
"""By input name: every short hash that may be on record for its value. The first is the one that new records get."""


def shaping_inputs(
    overrides: Overrides, *, policy: str | None, generated: Mapping[str, bytes | None], secret: Secret | None
) -> InputHashes:
    """Every given input that changes a plan.

    `policy`: the input of that name, if it names another file than the one beside fly.toml. `generated`: files by path that are read, but
    differ from those in HEAD; None for a file that is in git but not in the workspace. `allow-destroy` is not included: rule 3 checks it.
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
    """The inputs without `groups` and `regions`: those of the equal deploy of the whole app, if the filters left nothing out."""
    return {name: value for name, value in inputs.items() if name not in _FILTERS}


def written(inputs: InputHashes) -> dict[str, str]:
    """The inputs in the form of a record and of a done mark."""
    return {name: known[0] for name, known in inputs.items()}


def _number(value: float | None) -> Json:
    """Infinity as a text, because JSON has none."""
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
