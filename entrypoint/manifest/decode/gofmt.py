"""TOML values as Go's %v and JSON print them: flyctl's patches make strings of other values with these."""

from __future__ import annotations

import math

from entrypoint.manifest.syntax.scalars import Moment
from entrypoint.manifest.syntax.tree import Node, Scalar


def format_value(node: Node) -> str:
    """fmt.Sprintf("%v", …) of a value as go-toml decodes it."""
    value = node.value
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{format_value(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(format_value(item) for item in value) + "]"
    return format_scalar(value)


def format_scalar(value: Scalar) -> str:
    """The same for a scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format_float(value)
    if isinstance(value, Moment):
        return value.printed
    return str(value)


def format_float(value: float) -> str:
    """%v of a float64: the shortest digits, with an exponent from 1e6 up and below 1e-4 (strconv's 'g')."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    mantissa, _, exponent = f"{value!r}".partition("e")
    digits, shift = _decimal(mantissa, int(exponent or 0))
    sign = "-" if value < 0 else ""
    power = shift - 1
    if power < -4 or power >= 6:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if shift <= 0:
        return f"{sign}0.{'0' * -shift}{digits}"
    if shift >= len(digits):
        return f"{sign}{digits}{'0' * (shift - len(digits))}"
    return f"{sign}{digits[:shift]}.{digits[shift:]}"


def _decimal(mantissa: str, exponent: int) -> tuple[str, int]:
    """Significant digits, and how many of them stand before the point."""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = whole + fraction
    shift = len(whole) + exponent
    stripped = digits.lstrip("0")
    shift -= len(digits) - len(stripped)
    return stripped.rstrip("0") or "0", shift
