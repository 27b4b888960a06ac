"""How GitHub can fail, by what to do next.

    GithubError (OutsideError, exit 6)
    ├── BadToken       401: the token is wrong or has expired
    ├── MayNot         403: the token is valid, but may not do this
    │   ├── MayNotComment    …write comments here
    │   └── MayNotSetStatus  …set commit statuses
    ├── NotFound       404/410: repository, pull request or comment does not exist, or the token cannot see it
    ├── BodyTooLong    422: the comment is longer than GitHub accepts
    ├── Declined       other 4xx: refused; a retry does not help
    ├── RateLimited    403/429: too many requests, and waiting would take too long
    └── Unreachable    timeouts, resets, 5xx, unreadable answers, after all retries

Raised by adapters/github. The texts name what was tried, the HTTP status and what to do, never a token.
"""

from __future__ import annotations

from entrypoint.kernel.errors import OutsideError


class GithubError(OutsideError):
    """Any failure of GitHub's API."""


class BadToken(GithubError):
    """GitHub does not know the token."""


class MayNot(GithubError):
    """GitHub knows the token, but the token may not do this."""


class MayNotComment(MayNot):
    """The token cannot write comments on this pull request (fork, Dependabot, permissions, locked conversation)."""


class MayNotSetStatus(MayNot):
    """The token cannot set commit statuses (fork, Dependabot, permissions)."""


class NotFound(GithubError):
    """It does not exist, or the token cannot see it."""


class BodyTooLong(GithubError):
    """The comment is longer than GitHub accepts."""


class Declined(GithubError):
    """GitHub understood the request and refused it."""


class RateLimited(GithubError):
    """Too many requests. `wait` is in seconds, None where GitHub does not say."""

    def __init__(self, message: str, *, wait: float | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.wait = wait


class Unreachable(GithubError):
    """No useful answer came. A write may have happened."""
