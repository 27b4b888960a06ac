"""Names and identifiers in the platform's shapes."""

from __future__ import annotations

from tests.simulator.state.dice import Dice

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
"""Ten bits each."""
_FIRST = [
    "amber",
    "bold",
    "calm",
    "damp",
    "eager",
    "fancy",
    "gentle",
    "hidden",
    "icy",
    "jolly",
    "keen",
    "late",
    "misty",
    "noisy",
    "old",
    "proud",
    "quiet",
    "rough",
    "shy",
    "wild",
]
_SECOND = [
    "bird",
    "cloud",
    "dew",
    "fire",
    "glade",
    "haze",
    "lake",
    "moon",
    "night",
    "pine",
    "rain",
    "sea",
    "smoke",
    "snow",
    "star",
    "sun",
    "tree",
    "wave",
    "wind",
    "wood",
]


def make_ulid(*, milliseconds: int, order: int, dice: Dice) -> str:
    """26 characters that sort by time, then by `order`."""
    number = (milliseconds << 80) | ((order & 0xFFFFFFFF) << 48)
    number |= int.from_bytes(dice.bits("ulid", order)[:6], "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def make_machine_id(*, dice: Dice, purpose: object) -> str:
    """14 hexadecimal characters, the first two of them digits as Fly's are."""
    return f"{10 + dice.bits('machine', purpose)[0] % 80}" + dice.bits("machine id", purpose).hex()[:12]


def make_volume_id(*, dice: Dice, purpose: object) -> str:
    """vol_ and 16 characters."""
    return "vol_" + dice.bits("volume", purpose).hex()[:16]


def make_nonce(*, dice: Dice, purpose: object) -> str:
    """12 hexadecimal characters."""
    return dice.bits("nonce", purpose).hex()[:12]


def make_name(*, dice: Dice, purpose: object) -> str:
    """Two words and a number, for machines that nobody named."""
    first, second, number = dice.bits("name", purpose)[:3]
    return f"{_FIRST[first % len(_FIRST)]}-{_SECOND[second % len(_SECOND)]}-{number}{dice.bits('tail', purpose)[0]}"
