"""The pages that explain rules."""

from __future__ import annotations

import re

from entrypoint.manifest.checks.rules.catalogue import PAGES

REPOSITORY = "https://github.com/flightplan-dev/flightplan"
_ID = re.compile(r"[a-z]+(-[a-z]+)*")
ALL_RULES = f"{REPOSITORY}/blob/main/docs/rules/README.md"


def page_url(rule: str) -> str | None:
    """The URL of the rule's page. The findings of a plan share one page, with an anchor for each. None for an unknown id."""
    if rule in PAGES:
        return f"{REPOSITORY}/blob/main/docs/rules/{rule}.md"
    return f"{REPOSITORY}/blob/main/docs/plan-findings.md#{rule}" if _ID.fullmatch(rule) else None


def file_url_path(file: str) -> str:
    """A file's path from the checkout's root, as in GitHub's URLs and SARIF: without leading ./, percent-encoded."""
    from urllib.parse import quote  # only links need it

    return quote(file.removeprefix("./"), safe="/")
