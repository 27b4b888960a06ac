"""Finds out what a token may do, by requests that change nothing.

No API tells the permissions of a job's own token. So this sets a status on a commit that cannot exist, and posts a comment without a text.
GitHub checks permissions first: with the permission it answers 422, without it 403 (or 404 for a personal token).
"""

from __future__ import annotations

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.failures import Permission
from entrypoint.kernel.json import Json
from entrypoint.kernel.review_errors import Declined, MayNot, NotFound

_NO_COMMIT = "0" * 40


class Permissions:
    """What our token may do in one repository."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def may_set_status(self) -> bool | None:
        """Whether it may set commit statuses."""
        body: dict[str, Json] = {"state": "success", "context": "flightplan doctor"}
        return self._may(f"/statuses/{_NO_COMMIT}", body, needs=Permission.STATUS)

    def may_comment(self, pull: int) -> bool | None:
        """Whether it may comment on a pull request that exists."""
        return self._may(f"/issues/{pull}/comments", {"body": ""}, needs=Permission.COMMENT)

    def _may(self, path: str, body: dict[str, Json], *, needs: Permission) -> bool | None:
        try:
            self._client.request(
                "POST",
                path,
                body=body,
                what=f"tell whether the token has {needs}",
                read=lambda _: None,
                repeat=False,
                needs=needs,
            )
        except Declined:
            return True
        except (MayNot, NotFound):
            return False
        return None
