"""The frame of a plan comment: hidden marker, visible plan, hidden record, outcome.

    <!-- flightplan:1 KEY -->         finds the comment
    …the plan…                        what people reviewed
    <!-- flightplan-record:1 DATA --> the record and the hash of everything above it
    …the outcome…                     after the merge

The record tells whether the visible plan is still the one that was posted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from dataclasses import dataclass

from entrypoint.kernel.json import canonical
from entrypoint.planning.review.record import Record, decode_record, encode_record

_MARKER = re.compile(r"^<!-- flightplan:1 ([A-Za-z0-9_-]*) -->$")
_RECORD = re.compile(r"^<!-- flightplan-record:1 ([A-Za-z0-9_-]*) -->$")
_LARGEST_RECORD = 1024 * 1024
"""Bytes, unpacked; anybody's comment is read, and a few bytes can be packed that unpack to gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerKey:
    """Which plan of a pull request: app, path of fly.toml, environment."""

    app: str
    config: str
    environment: str

    def encode(self) -> str:
        """Letters, digits, - and _ only: nothing can break out of the hidden line."""
        return _encode(canonical([self.app, self.config, self.environment]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A comment that carries a marker. `record` is None where it is missing or the visible plan is not what it was; `problem` says why."""

    key: MarkerKey
    plan: str
    record: Record | None
    problem: str
    outcome: str


def frame(key: MarkerKey, plan: str, record: Record | None) -> str:
    """The body of a comment. Without a record (the files have errors) nothing can be deployed by it."""
    top = f"<!-- flightplan:1 {key.encode()} -->\n{_tidy(plan)}"
    if record is None:
        return f"{top}\n"
    data = _pack(canonical({"record": encode_record(record), "visible": _hash(top)}))
    return f"{top}\n<!-- flightplan-record:1 {data} -->\n"


def size(key: MarkerKey, record: Record) -> int:
    """Characters that a comment needs beside the visible plan."""
    return len(frame(key, "", record))


def with_outcome(body: str, outcome: str) -> str:
    """The same comment with another outcome below; plan and record stay to the letter."""
    lines = _lines(body)
    end = next((i for i, line in enumerate(lines) if _RECORD.match(line)), len(lines) - 1)
    return "\n".join(lines[: end + 1]) + f"\n\n---\n\n{_tidy(outcome)}\n"


def parse(body: str) -> Framed | None:
    """Take a comment apart; None for one without a marker on its first line."""
    lines = _lines(body)
    marker = _MARKER.match(lines[0]) if lines else None
    key = _decode_key(marker.group(1)) if marker else None
    if key is None:
        return None
    places = [i for i, line in enumerate(lines) if _RECORD.match(line)]
    if len(places) != 1:
        problem = "it holds no record" if not places else "it holds more than one record"
        return Framed(key=key, plan="\n".join(lines[1:]), record=None, problem=problem, outcome="")
    place = places[0]
    match = _RECORD.match(lines[place])
    record, problem = _decode_record(match.group(1) if match else "", top="\n".join(lines[:place]))
    return Framed(
        key=key,
        plan="\n".join(lines[1:place]),
        record=record,
        problem=problem,
        outcome="\n".join(lines[place + 1 :]).strip(),
    )


def _decode_record(data: str, *, top: str) -> tuple[Record | None, str]:
    try:
        found = json.loads(_unpack(data))
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        return None, "its record cannot be read"
    record = decode_record(found.get("record")) if isinstance(found, dict) else None
    if record is None:
        return None, "its record cannot be read"
    if found.get("visible") != _hash(top):
        return None, "its visible plan was changed"
    return record, ""


def _decode_key(data: str) -> MarkerKey | None:
    try:
        found = json.loads(_decode(data))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(found, list) or len(found) != 3 or not all(isinstance(item, str) for item in found):
        return None
    return MarkerKey(app=found[0], config=found[1], environment=found[2])


def _lines(body: str) -> list[str]:
    """GitHub may turn line ends around and trims the end."""
    return body.replace("\r\n", "\n").strip().split("\n")


def _tidy(text: str) -> str:
    """Without what GitHub or an editor may take away; and no line of it can pass for one of ours."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n")]
    return "\n".join(line for line in lines if not _MARKER.match(line) and not _RECORD.match(line))


def _hash(top: str) -> str:
    return hashlib.sha256(top.encode("utf-8", "surrogatepass")).hexdigest()


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _decode(data: str) -> str:
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode("utf-8", "surrogatepass")


def _pack(text: str) -> str:
    """Every machine has a line in it: packed, a thousand fit beside a plan."""
    return (
        base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 9)).decode().rstrip("=")
    )


def _unpack(data: str) -> str:
    unpacker = zlib.decompressobj()
    packed = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    text = unpacker.decompress(packed, _LARGEST_RECORD)
    if not unpacker.eof:
        raise ValueError("cut off, or too large")
    return text.decode("utf-8", "surrogatepass")
