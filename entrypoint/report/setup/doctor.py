"""What `doctor` found, for a terminal, a job summary, and programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from entrypoint.kernel.health import Check, Health
from entrypoint.report.findings.as_json import guard
from entrypoint.report.text.escape import Md, inline, plain
from entrypoint.report.text.paint import Ink, Paint

SCHEMA = "flightplan/doctor-1"
_INKS: Mapping[Health, Ink] = {Health.OK: Ink.GREEN, Health.NOT_OK: Ink.RED, Health.UNKNOWN: Ink.YELLOW}
_SIGNS: Mapping[Health, str] = {Health.OK: "✅", Health.NOT_OK: "❌", Health.UNKNOWN: "❔"}


def doctor_text(checks: Sequence[Check], *, color: bool) -> str:
    """One line for each check, with what to do below it, and a last line that counts them."""
    paint = Paint(on=color)
    width = max(len(check.name) for check in checks)
    return "\n".join(
        [*(line for check in checks for line in _lines(check, width, paint)), "", _total(checks)]
    )


def _lines(check: Check, width: int, paint: Paint) -> Iterator[str]:
    said = [plain(line) for line in check.says.splitlines()] or [""]
    yield f"{paint(f'{check.health:<8}', _INKS[check.health])} {check.name:<{width}}  {said[0]}"
    indent = " " * (width + 11)
    for line in said[1:]:
        yield f"{indent}{line}"
    if check.advice:
        yield f"{indent}{plain(check.advice)}"


def _total(checks: Sequence[Check]) -> str:
    counted = Counter(check.health for check in checks)
    wrong, unknown = counted[Health.NOT_OK], counted[Health.UNKNOWN]
    if not wrong and not unknown:
        return "Everything that a deploy needs is there."
    return (
        ", ".join(f"{number} {word}" for number, word in ((wrong, "not ok"), (unknown, "unknown")) if number)
        + "."
    )


def doctor_markdown(checks: Sequence[Check]) -> Md:
    """A table for the job summary."""
    rows = [
        f"| {_SIGNS[check.health]} {check.health} | {inline(check.name)} | {inline(check.says)} | {inline(check.advice)} |"
        for check in checks
    ]
    return Md(
        "\n".join(["### Flightplan doctor", "", "| | what | says | to do |", "|---|---|---|---|", *rows])
        + "\n"
    )


def doctor_json(checks: Sequence[Check]) -> str:
    """flightplan/doctor-1."""
    rows = [
        {"name": check.name, "health": check.health.value, "says": check.says, "advice": check.advice}
        for check in checks
    ]
    is_well = all(check.health is not Health.NOT_OK for check in checks)
    return guard(json.dumps({"schema": SCHEMA, "healthy": is_well, "checks": rows}, indent=2))
