"""The page's files, and the header that lets nothing else run in it: names of machines come from outside."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent
_TYPES = {"page.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def make_page_routes() -> list[Route]:
    """/ and what it loads."""
    return [_route("/", "page.html"), *(_route(f"/_sim/{name}", name) for name in ("page.css", "page.js"))]


def _route(path: str, name: str) -> Route:
    async def show(_request: Request) -> Response:
        return Response((_FOLDER / name).read_bytes(), media_type=_TYPES[name], headers=_HEADERS)

    return Route(path, show, methods=["GET"])
