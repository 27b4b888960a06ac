"""Where a rule is explained."""

from __future__ import annotations

from entrypoint.manifest.rules.catalogue import PAGES

REPOSITORY = "https://github.com/flightplan-dev/flightplan"
ALL_RULES = f"{REPOSITORY}/blob/main/docs/rules/README.md"


def page_url(rule: str) -> str | None:
    """The rule's page; None for ids that only a plan has."""
    return f"{REPOSITORY}/blob/main/docs/rules/{rule}.md" if rule in PAGES else None
