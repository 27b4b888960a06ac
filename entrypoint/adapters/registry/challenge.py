"""WWW-Authenticate: the token that a registry asks for (distribution spec, "Token Authentication")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from entrypoint.adapters.foreign_json import parse_json
from entrypoint.adapters.registry.exchange import RegistryError, Reply

_BEARER = re.compile(r"(?:^|,)\s*bearer\s+(?P<fields>.*)", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(r'\s*,?\s*(?P<name>\w+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))')
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A challenge. `realm`: the URL that gives tokens. `params`: to send there."""

    realm: str
    params: tuple[tuple[str, str], ...]

    @property
    def url(self) -> str:
        """The realm with the parameters added to its own."""
        parts = urlsplit(self.realm)
        query = "&".join(text for text in (parts.query, urlencode(self.params)) if text)
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def read_challenge(header: str, *, repository: str) -> Challenge | None:
    """The Bearer challenge in the header; None without one. The scope is always `pull`."""
    found = _BEARER.search(header)
    if found is None:
        return None
    fields: dict[str, str] = {}
    rest, position = found["fields"], 0
    while match := _FIELD.match(rest, position):
        value = match["plain"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
        fields.setdefault(match["name"].lower(), value)
        position = match.end()
    if "realm" not in fields:
        return None
    service = (("service", fields["service"]),) if "service" in fields else ()
    return Challenge(realm=fields["realm"], params=(*service, ("scope", f"repository:{repository}:pull")))


def read_token(reply: Reply) -> str:
    """The token in an answer. Raises RegistryError."""
    try:
        found = parse_json(reply.content) if reply.is_success else None
    except ValueError:
        found = None
    body = found if isinstance(found, dict) else {}
    token = body.get("token") or body.get("access_token")
    if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
        raise RegistryError(f"gives no token (HTTP {reply.status})")
    return token
