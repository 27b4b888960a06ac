"""Refuses redirects, which GitHub answers for a repository that has been renamed or transferred.

PyGithub follows a 301 without its query, so that a list is another one, and takes the body of a 307 for the answer. Under the old name we
could not tell our own repository from a fork either.
"""

from __future__ import annotations

from entrypoint.adapters.github.failures import Moved

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def refuse_redirects() -> None:
    """Make PyGithub's connections raise Moved for a redirect."""
    from github.Requester import (
        HTTPRequestsConnectionClass,
        HTTPSRequestsConnectionClass,
        Requester,
        RequestsResponse,
    )

    def checked(answer: RequestsResponse) -> RequestsResponse:
        if answer.status in _REDIRECTS:
            headers = {name.lower(): value for name, value in answer.getheaders()}
            raise Moved(answer.status, location=headers.get("location", ""))
        return answer

    class Http(HTTPRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return checked(super().getresponse())

    class Https(HTTPSRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return checked(super().getresponse())

    Requester.injectConnectionClasses(Http, Https)
