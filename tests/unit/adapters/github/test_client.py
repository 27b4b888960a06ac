"""Making a client: cheap, and particular about what it is given."""

from __future__ import annotations

import subprocess
import sys

import pytest

from entrypoint.adapters.github.pull_requests import GithubPullRequests
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.secrets import Secret
from entrypoint.modes.ports import GitHub

API = "https://api.github.com"


def test_it_fits_the_port() -> None:
    port: GitHub = GithubPullRequests(token=Secret("t"), repository="octo/shop", api_url=API)
    assert port is not None


def test_making_it_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from entrypoint.adapters.github.pull_requests import GithubPullRequests\n"
        "from entrypoint.kernel.secrets import Secret\n"
        f"GithubPullRequests(token=Secret('t'), repository='octo/shop', api_url={API!r})\n"
        "assert not {'github', 'requests', 'urllib3'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("token", ["", " ", "a b", "line\nbreak", "ümlaut", "nul\0"])
def test_what_cannot_be_a_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(UsageError) as refused:
        GithubPullRequests(token=Secret(token), repository="octo/shop", api_url=API)
    assert "github-token" in str(refused.value)
    assert not token.strip() or token not in str(refused.value)


def test_the_newline_of_an_editor_is_forgiven() -> None:
    GithubPullRequests(token=Secret("ghp_abc\n"), repository="octo/shop", api_url=API)


@pytest.mark.parametrize(
    "repository", ["", "shop", "octo/", "/shop", "octo/shop/..", "octo/sh op", "octo/shop?x", "octo/shop\n"]
)
def test_what_is_no_repository_is_refused(repository: str) -> None:
    with pytest.raises(UsageError, match="repository"):
        GithubPullRequests(token=Secret("t"), repository=repository, api_url=API)


@pytest.mark.parametrize("url", ["", "api.github.com", "ftp://x", "https://", "file:///etc/passwd"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="URL"):
        GithubPullRequests(token=Secret("t"), repository="octo/shop", api_url=url)


def test_the_token_is_in_no_text_of_the_objects() -> None:
    client = GithubPullRequests(token=Secret("ghs_secret"), repository="octo/shop", api_url=API)
    assert "ghs_secret" not in repr(client) + repr(vars(client))
