"""How often a request to GitHub is repeated, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.kernel.review_errors import GithubError, RateLimited, Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one request may wait. All times in seconds.

    A request is tried `attempts` times, with `pause`, 2 × `pause`, … between. For rate limits one request waits up to `longest_wait` in
    total; after that its error says when the limit ends. `timeout`: for the connection, and for each pause in the answer.
    """

    attempts: int = 4
    pause: float = 0.5
    longest_wait: float = 60.0
    timeout: int = 15


class Waits:
    """How long to wait before each further attempt of one request.

    `repeat`: repeating the request does no harm. A request that met a rate limit was not executed, and is always repeated.
    """

    def __init__(self, patience: Patience, *, repeat: bool) -> None:
        self._left = patience.attempts
        self._pause = patience.pause
        self._longest = self._limit_left = patience.longest_wait
        self._repeat = repeat

    def after(self, failure: GithubError) -> float | None:
        """Seconds to wait; None if `failure` is final."""
        self._left -= 1
        pause, self._pause = self._pause, self._pause * 2
        if self._left <= 0:
            return None
        match failure:
            case RateLimited(wait=asked):
                # GitHub's documentation: at least a minute if the answer does not say.
                wait = max(self._longest if asked is None else asked, pause)
                self._limit_left -= wait
                return wait if self._limit_left >= 0 else None
            case Unreachable() if self._repeat:
                return pause
            case _:
                return None
