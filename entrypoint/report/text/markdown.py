"""The jinja environment. Templates contain words and layout; they decide nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2

from entrypoint.report.text.escape import Md, cell


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("entrypoint.report"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # Markdown is escaped by type: see _only_safe
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_only_safe,
    )
    environment.filters["cell"] = _cell
    return environment


def _cell(value: object) -> object:
    """A cell of a table. Templates apply it to every cell."""
    return cell(value) if isinstance(value, Md) else value


def _only_safe(value: object) -> object:
    """Refuse a str, which may be foreign text that was not escaped."""
    if isinstance(value, Md | int) or value is None:
        return "" if value is None else value
    raise TypeError(f"a template got {type(value).__name__}, not Md")


def prepare(template: str) -> jinja2.Template:
    """One of report/templates, compiled. The first time that takes some 15 ms of CPU: whoever waits for something does it then."""
    return _environment().get_template(template)


def render(template: str, **views: Any) -> str:
    """Render one of report/templates."""
    return prepare(template).render(**views).strip("\n") + "\n"
