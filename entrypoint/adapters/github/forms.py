"""Whether token, repository and address have the form that GitHub asks for. Nothing is asked."""

from __future__ import annotations

import re

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.secrets import Secret

_REPOSITORY = r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+"
_VISIBLE = r"[\x21-\x7e]+"


def checked_token(token: Secret, *, repository: str, api_url: str) -> Secret:
    """The token without the newline that an editor leaves in a secret. Raises UsageError for any of the three."""
    token = Secret(token.reveal().strip())
    if not re.fullmatch(_VISIBLE, token.reveal()):
        raise UsageError(
            "github-token is empty or not a token", hint="Leave the input out to use the job's own token."
        )
    if not re.fullmatch(_REPOSITORY, repository):
        raise UsageError(
            f"{repository!r} is not the name of a repository", hint="GITHUB_REPOSITORY is owner/name."
        )
    if not re.match(r"https?://[^/]", api_url):
        raise UsageError(f"{api_url!r} is not a URL", hint="GITHUB_API_URL starts with https://.")
    return token
