"""The tables of docs/inputs.md, made from action.yml: `python -m tests.contract.inputs_page` writes them anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tests.stage import ROOT

PAGE = ROOT / "docs" / "inputs.md"


def read_action() -> dict[str, Any]:
    """action.yml, by a YAML parser that is not ours."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    return found


def make_page(page: str, action: dict[str, Any]) -> str:
    """The page with both tables as action.yml has it."""
    for name, table in (("inputs", _inputs(action["inputs"])), ("outputs", _outputs(action["outputs"]))):
        begin, end = f"<!-- {name} from action.yml -->\n", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        page = before + begin + "".join(f"{line}\n" for line in table) + end + rest.partition(end)[2]
    return page


def _inputs(inputs: dict[str, Any]) -> Iterator[str]:
    yield "| input | default | meaning |"
    yield "|---|---|---|"
    for name, spec in inputs.items():
        default = spec.get("default", "")
        yield f"| `{name}` | {f'`{default}`' if default else ''} | {_cell(spec['description'])} |"


def _outputs(outputs: dict[str, Any]) -> Iterator[str]:
    yield "| output | meaning |"
    yield "|---|---|"
    for name, spec in outputs.items():
        yield f"| `{name}` | {_cell(spec['description'])} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text("utf-8"), read_action()), "utf-8")
