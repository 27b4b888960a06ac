"""Why the platform refuses, in its own words. http/reply.py decides how a refusal is sent."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The first word of most error texts."""

    INVALID_ARGUMENT = "invalid_argument"
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    FAILED_PRECONDITION = "failed_precondition"
    ABORTED = "aborted"
    ALREADY_EXISTS = "already_exists"
    RESOURCE_EXHAUSTED = "resource_exhausted"
    UNPROCESSABLE = "unprocessable"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


class Shape(StrEnum):
    """Which of the two body shapes carries the text: `error`, or `status`/`message`/`code` (leases)."""

    ERROR = "error"
    MESSAGE = "message"


class Refusal(Exception):
    """The platform refuses. `status` is the machine-readable word that some refusals carry."""

    def __init__(
        self, code: Code, message: str, *, status: str | None = None, shape: Shape = Shape.ERROR
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.shape = shape


def not_found(what: str) -> Refusal:
    """`what` is not there, e.g. "machine not found"."""
    return Refusal(Code.NOT_FOUND, what)


def invalid(message: str) -> Refusal:
    """The request cannot be understood."""
    return Refusal(Code.INVALID_ARGUMENT, f"{Code.INVALID_ARGUMENT}: {message}")


def precondition(message: str, *, status: str | None = None) -> Refusal:
    """Not in this state."""
    return Refusal(Code.FAILED_PRECONDITION, f"{Code.FAILED_PRECONDITION}: {message}", status=status)


def aborted(message: str) -> Refusal:
    """A conflict with somebody or something else."""
    return Refusal(Code.ABORTED, f"{Code.ABORTED}: {message}")
