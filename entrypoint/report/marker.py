"""The frames of our comments.

    <!-- flightplan:2 KEY -->           a plan, found by its key
    …the plan…                          what people review
    <!-- flightplan-record:2 DATA -->   its record, hidden

    <!-- flightplan-outcome:2 KEY RUN -->   how a deploy ended, or why it was refused: of one workflow run
    …what happened…

These lines prove nothing. The commit status proves who posted a plan comment, and that it is unchanged (planning/review/evidence.py).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass

from entrypoint.kernel.json import canonical
from entrypoint.planning.review.key import ReviewKey
from entrypoint.planning.review.record import Record, decode_record, encode_record

_PLAN = re.compile(r"^<!-- flightplan:2 ([A-Za-z0-9_-]*) -->$")
_RECORD = re.compile(r"^<!-- flightplan-record:2 ([A-Za-z0-9_-]*) -->$")
_OUTCOME = re.compile(r"^<!-- flightplan-outcome:2 ([A-Za-z0-9_-]*) ([A-Za-z0-9_-]*) -->$")
_OURS = (_PLAN, _RECORD, _OUTCOME)
_LARGEST_RECORD = 1024 * 1024
"""Bytes after decompression. Comments of anybody are read, and a few bytes can decompress to gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFrame:
    """A parsed plan comment. `records`: the record of every record line in it; None for one that cannot be read."""

    key: ReviewKey
    visible: str
    records: tuple[Record | None, ...]


def frame_plan(key: ReviewKey, plan: str, record: Record | None) -> str:
    """The body of a plan comment. Without a record, because the files have errors, it is no evidence for a deploy."""
    top = f"<!-- flightplan:2 {_encode_key(key)} -->\n{_tidy(plan)}\n"
    if record is None:
        return top
    return f"{top}<!-- flightplan-record:2 {_pack(canonical(encode_record(record)))} -->\n"


def frame_outcome(key: ReviewKey, run_id: str, text: str) -> str:
    """The body of a comment that says how the run ended."""
    return f"{_outcome_line(key, run_id)}\n{_tidy(text)}\n"


def size(key: ReviewKey, record: Record) -> int:
    """Characters that a plan comment needs in addition to the visible plan."""
    return len(frame_plan(key, "", record))


def parse_plan(body: str) -> PlanFrame | None:
    """Parse a comment; None if it is not a plan comment."""
    lines = _lines(body)
    match = _PLAN.match(lines[0])
    key = _decode_key(match.group(1)) if match else None
    if key is None:
        return None
    found = [record for line in lines if (record := _RECORD.match(line))]
    visible = [line for line in lines[1:] if not _RECORD.match(line)]
    return PlanFrame(
        key=key,
        visible="\n".join(visible).strip(),
        records=tuple(_decode_record(record.group(1)) for record in found),
    )


def is_outcome(body: str, key: ReviewKey, run_id: str) -> bool:
    """Whether this is the outcome comment of that run."""
    return _lines(body)[0] == _outcome_line(key, run_id)


def _outcome_line(key: ReviewKey, run_id: str) -> str:
    return f"<!-- flightplan-outcome:2 {_encode_key(key)} {_encode(run_id)} -->"


def _decode_record(data: str) -> Record | None:
    try:
        return decode_record(json.loads(_unpack(data)))
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        return None


def _encode_key(key: ReviewKey) -> str:
    """The key in letters, digits, - and _ only, so that it cannot end the hidden line."""
    return _encode(canonical([key.app, key.config, key.environment]))


def _decode_key(data: str) -> ReviewKey | None:
    try:
        found = json.loads(_decode(data))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(found, list) or len(found) != 3 or not all(isinstance(item, str) for item in found):
        return None
    return ReviewKey(app=found[0], config=found[1], environment=found[2])


def _lines(body: str) -> list[str]:
    """The lines of a comment. GitHub may change line ends, and trims the end."""
    return body.replace("\r\n", "\n").strip().split("\n")


def _tidy(text: str) -> str:
    """The text without white space that GitHub may remove, and without lines that look like one of our markers."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n")]
    return "\n".join(line for line in lines if not any(ours.match(line) for ours in _OURS))


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _decode(data: str) -> str:
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode("utf-8", "surrogatepass")


def _pack(text: str) -> str:
    """Compress a record. It has a line for each machine; compressed, a thousand machines fit into a comment with a plan."""
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
