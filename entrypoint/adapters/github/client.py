"""All requests to GitHub go through this client. It makes one PyGithub client at the first request.

PyGithub does authentication, TLS, the addresses of GitHub.com and GitHub Enterprise Server, and reads errors. Retries and paging are ours:
PyGithub's retry repeats POSTs, so that a comment may be posted three times, and may sleep for an hour; its paging treats a broken answer as
an empty list.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from entrypoint.adapters.github.failures import Attempt, Permission, endless, incomplete, translate
from entrypoint.adapters.github.patience import Patience, Waits
from entrypoint.adapters.github.reading import next_page, read_graphql, read_list
from entrypoint.adapters.github.redirects import refuse_redirects
from entrypoint.kernel.json import Json
from entrypoint.kernel.review_errors import GithubError
from entrypoint.kernel.secrets import Secret

if TYPE_CHECKING:
    from github.Requester import Requester

_T = TypeVar("_T")
_MOST_PAGES = 50
"""Pages of 100 items. GitHub allows 2,500 comments in a conversation."""

API_VERSION = "2022-11-28"
"""Version 2026-03-10 has no `merge_commit_sha` of pull requests, which tells us what a push merged."""


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
        """`api_url`: GITHUB_API_URL (on GitHub Enterprise Server https://HOST/api/v3). `verify`: may be a CA file."""
        self.repository = repository
        self._api_url = api_url.rstrip("/")
        self._patience = patience or Patience()
        self._token = token
        self._verify = verify
        self._lock = threading.Lock()
        self._connected: Requester | None = None

    def request(
        self,
        verb: str,
        path: str,
        *,
        what: str,
        read: Callable[[object], _T],
        repeat: bool,
        body: Mapping[str, Json] | None = None,
        needs: Permission = Permission.READ,
    ) -> _T:
        """Send `verb` to `path` below the repository, and return `read` of the answer. `what` names the request in errors.

        `repeat`: repeating the request does no harm. A request that met a rate limit was not executed, and is always repeated.
        """

        def ask(requester: Requester) -> _T:
            _, answer = requester.requestJsonAndCheck(verb, f"/repos/{self.repository}{path}", input=body)
            return read(answer)

        return self._call(ask, self._attempt(what, needs=needs), repeat=repeat)

    def pages(self, path: str, *, what: str, read: Callable[[object], _T]) -> tuple[_T, ...]:
        """`read` of every item of a list, over all its pages, in order."""

        def read_page(answer: object) -> list[_T]:
            return [read(item) for item in read_list(answer)]

        found = self.answers(f"{path}?per_page=100", what=what, read=read_page)
        return tuple(item for page in found for item in page)

    def answers(self, path: str, *, what: str, read: Callable[[object], _T]) -> Iterator[_T]:
        """`read` of each page. The next page is requested when the one before has been used."""
        url: str | None = f"/repos/{self.repository}{path}"
        for _ in range(_MOST_PAGES):
            if url is None:
                return
            page, url = self._page(url, what=what, read=read)
            yield page
        if url is not None:
            raise endless(self._attempt(what))

    def _page(self, url: str, *, what: str, read: Callable[[object], _T]) -> tuple[_T, str | None]:
        def ask(requester: Requester) -> tuple[_T, str | None]:
            headers, answer = requester.requestJsonAndCheck("GET", url)
            return read(answer), next_page(headers, base=self._api_url)

        return self._call(ask, self._attempt(what), repeat=True)

    def graphql(
        self,
        query: str,
        variables: Mapping[str, Json],
        *,
        what: str,
        read: Callable[[Mapping[str, object]], _T],
        needs: Permission = Permission.READ,
    ) -> _T:
        """`read` of the answer's `data`. A node that was not found is null in it; any other error is raised."""
        attempt = self._attempt(what, needs=needs)

        def ask(requester: Requester) -> _T:
            body = {"query": query, "variables": dict(variables)}
            _, answer = requester.requestJsonAndCheck("POST", requester.graphql_url, input=body)
            return read(read_graphql(answer, attempt))

        return self._call(ask, attempt, repeat=True)

    def _call(self, ask: Callable[[Requester], _T], attempt: Attempt, *, repeat: bool) -> _T:
        waits = Waits(self._patience, repeat=repeat)
        while True:
            try:
                return ask(self._requester())
            except Exception as error:
                failure = translate(error, attempt)
                if failure is None:
                    raise
                wait = waits.after(failure)
                if wait is None:
                    raise failure from error
            time.sleep(wait)

    def incomplete(self, what: str) -> GithubError:
        """The failure of a list whose pages lack something."""
        return incomplete(self._attempt(what))

    def _attempt(self, what: str, *, needs: Permission = Permission.READ) -> Attempt:
        return Attempt(what=what, api_url=self._api_url, secret=self._token, needs=needs)

    def _requester(self) -> Requester:
        with self._lock:
            if self._connected is None:
                self._connected = self._connect()
            return self._connected

    def _connect(self) -> Requester:
        from github import Auth, Github

        refuse_redirects()
        return Github(
            auth=Auth.Token(self._token.reveal()),
            base_url=self._api_url,
            api_version=API_VERSION,
            user_agent="flightplan",
            timeout=self._patience.timeout,
            retry=None,
            verify=self._verify,
            seconds_between_requests=None,
            seconds_between_writes=None,
        ).requester
