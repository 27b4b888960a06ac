"""Reads names, defaults and descriptions of the inputs from action.yml, for the command line.

action.yml declares the inputs. On GitHub the runner reads it and sets every default. A laptop has no runner, so the installed package has a
copy of the inputs, made when it is built (setup.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

_KEY = re.compile(r"^( *)([A-Za-z][A-Za-z0-9-]*):(?: (.*))?$")


class Declared(NamedTuple):
    """One input. `default` may be a `${{ … }}` expression, which means nothing outside GitHub."""

    name: str
    description: str
    default: str

    @property
    def local_default(self) -> str:
        """The default outside GitHub."""
        return "" if "${{" in self.default else self.default


@cache
def read_inputs() -> Mapping[str, Declared]:
    """The inputs that action.yml declares, in its order; in a checkout, from the file itself."""
    package = Path(__file__).parents[
        2
    ]  # importlib.resources would cost `flightplan validate` a tenth of its start
    copy = package / "inputs.yml"
    return parse_inputs((copy if copy.is_file() else package.parent / "action.yml").read_text("utf-8"))


def parse_inputs(text: str) -> Mapping[str, Declared]:
    """Read the `inputs` of an action.yml in the form of ours: indented by two spaces, with plain or folded scalars.

    A contract test compares the result with a YAML parser's.
    """
    inputs: dict[str, dict[str, str]] = {}
    section = name = key = ""
    for line in text.splitlines():
        match = _KEY.match(line)
        depth = len(match.group(1)) if match else -1
        if match and depth == 0:
            section = match.group(2)
        elif section != "inputs":
            continue
        elif match and depth == 2:
            name = match.group(2)
            inputs[name] = {}
        elif match and depth == 4:
            key = match.group(2)
            value = (match.group(3) or "").strip()
            inputs[name][key] = "" if value == ">-" else value.strip('"')
        elif line.strip() and name:
            inputs[name][key] = f"{inputs[name][key]} {line.strip()}".strip()
    return {
        name: Declared(name=name, description=found.get("description", ""), default=found.get("default", ""))
        for name, found in inputs.items()
    }
