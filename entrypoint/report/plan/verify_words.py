"""`[verify]` and its result, in words."""

from __future__ import annotations

import json

from entrypoint.kernel.durations import seconds_in_words
from entrypoint.kernel.verify import Verify
from entrypoint.report.text.escape import Md, code
from entrypoint.report.text.words import count
from entrypoint.rollout.outcome import Verified


def verify_words(wanted: Verify) -> str:
    """What is requested and what must be answered, for a terminal. Not escaped."""
    beside = f" for {wanted.bake} s" if wanted.bake else ""
    if wanted.url is None:
        return f"watch the machines{beside}"
    value = f", {wanted.json.name} = {json.dumps(wanted.json.value)}" if wanted.json else ""
    return f"ask {wanted.url}{beside}, it must answer {wanted.status or '200 to 299'}{value}"


def verify_line(wanted: Verify) -> Md:
    """The same for the plan comment."""
    asked = f"ask {code(wanted.url)}" if wanted.url else "watch the machines"
    beside = f" for {wanted.bake} s" if wanted.bake else ""
    if wanted.url is None:
        return Md(f"{asked}{beside}; a failure is one of the rollout")
    status = f"must answer {wanted.status or '200 to 299'}"
    value = f", with {code(wanted.json.name)} = {code(json.dumps(wanted.json.value))}" if wanted.json else ""
    return Md(f"{asked}{beside}: it {status}{value}")


def verified_words(verified: Verified) -> Md:
    """The result, if all answers were right."""
    took = seconds_in_words(verified.seconds)
    if verified.url is None:
        return Md(f"All machines stayed healthy for {took}.")
    return Md(f"{code(verified.url)} answered as asked {count(verified.asked, 'time')} in {took}.")
