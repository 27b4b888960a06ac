"""One configured PyGithub client, made when the first call is due, and the one way to call it.

PyGithub's own retry repeats POSTs (one comment, posted three times) and may sleep for an hour until a rate limit
ends. Here it retries nothing: `Client.call` repeats what is safe to repeat, and waits only as long as `Patience` allows.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from entrypoint.adapters.github.failures import Attempt, translate
from entrypoint.adapters.github.reading import read_graphql
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.json import Json
from entrypoint.kernel.review_errors import GithubError, RateLimited, Unreachable
from entrypoint.kernel.secrets import Secret

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

_T = TypeVar("_T")
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")

API_VERSION = "2022-11-28"
"""2026-03-10 took `merge_commit_sha` off pull requests, which tells us what a push merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a call is worth waiting for. All in seconds.

    A request is tried `attempts` times, with `pause`, 2 × `pause`, … between. A rate limit is waited out if GitHub
    asks for no more than `longest_wait`, otherwise it is an error that says when it ends. `timeout` is for the
    connection and for each pause in the answer.
    """

    attempts: int = 4
    pause: float = 0.5
    longest_wait: float = 60.0
    timeout: int = 15


class Client:
    """GitHub's API for one repository."""

    def __init__(
        self,
        *,
        token: Secret,
        repository: str,
        api_url: str,
        patience: Patience | None = None,
        verify: bool | str = True,
    ) -> None:
        """`api_url` is GITHUB_API_URL (on GitHub Enterprise Server https://HOST/api/v3), `verify` may be a CA file."""
        if not _TOKEN.fullmatch(token.reveal()):
            raise UsageError(
                "github-token is empty or not a token", hint="Leave the input out to use the job's own token."
            )
        if not _REPOSITORY.fullmatch(repository):
            raise UsageError(
                f"{repository!r} is not the name of a repository", hint="GITHUB_REPOSITORY is owner/name."
            )
        if not re.match(r"https?://[^/]", api_url):
            raise UsageError(f"{api_url!r} is not a URL", hint="GITHUB_API_URL starts with https://.")
        self.repository = repository
        self.api_url = api_url.rstrip("/")
        self.patience = patience or Patience()
        self._token = token
        self._verify = verify
        self._lock = threading.Lock()
        self._github: Github | None = None

    def call(
        self, what: str, action: Callable[[Repository], _T], *, repeat: bool, writes_comment: bool = False
    ) -> _T:
        """Do `action`, `what` naming it in errors ("list the comments of #7").

        `repeat` says that doing it twice does no harm. What GitHub turned down for its rate limit was not done, and
        is repeated in any case.
        """
        attempt = self._attempt(what, writes_comment=writes_comment)
        left = self.patience.attempts
        pause = self.patience.pause
        while True:
            left -= 1
            try:
                return action(self._repository())
            except Exception as error:
                failure = translate(error, attempt)
                if failure is None:
                    raise
                wait = self._wait(failure, pause=pause, repeat=repeat)
                if wait is None or left <= 0:
                    raise failure from error
            time.sleep(wait)
            pause *= 2

    def graphql(self, what: str, query: str, variables: Mapping[str, Json]) -> Mapping[str, object]:
        """`data` of a query's answer. What GitHub does not find is null in it; any other error is raised."""

        def ask(repository: Repository) -> Mapping[str, object]:
            requester = repository.requester
            _, answer = requester.requestJsonAndCheck(
                "POST", requester.graphql_url, input={"query": query, "variables": dict(variables)}
            )
            return read_graphql(answer, self._attempt(what))

        return self.call(what, ask, repeat=True)

    def _attempt(self, what: str, *, writes_comment: bool = False) -> Attempt:
        return Attempt(what=what, api_url=self.api_url, secret=self._token, writes_comment=writes_comment)

    def _wait(self, failure: GithubError, *, pause: float, repeat: bool) -> float | None:
        """Seconds until the next attempt, None if there is to be none."""
        match failure:
            case RateLimited(wait=None):
                return self.patience.longest_wait
            case RateLimited(wait=float(wait)):
                return max(wait, pause) if wait <= self.patience.longest_wait else None
            case Unreachable():
                return pause if repeat else None
            case _:
                return None

    def _repository(self) -> Repository:
        """The repository, named and not fetched (lazy)."""
        with self._lock:
            if self._github is None:
                self._github = self._connect()
            return self._github.get_repo(self.repository, lazy=True)

    def _connect(self) -> Github:
        from github import Auth, Github

        return Github(
            auth=Auth.Token(self._token.reveal()),
            base_url=self.api_url,
            api_version=API_VERSION,
            user_agent="flightplan",
            per_page=100,
            timeout=self.patience.timeout,
            retry=None,
            verify=self._verify,
            lazy=True,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
