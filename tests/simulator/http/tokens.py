"""Which token may do what. Without a script every token opens every app; with one, each token has its apps and its expiry."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache

from tests.simulator.state.refusals import Code, Refusal

_SCHEME = re.compile(r"^(?:flyv1|bearer)\s+", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Token:
    """A scripted token. `apps` None opens all; `expires_at` is virtual seconds."""

    text: str
    apps: tuple[str, ...] | None = None
    owner: str = ""
    organization: str = "acme"
    read_only: bool = False
    expires_at: float | None = None


@dataclass(slots=True)
class Tokens:
    """The scripted tokens; none means that any will do."""

    known: list[Token] = field(default_factory=list)

    def identify(self, header: str | None, *, now: float) -> Token:
        """Whose request this is. Refuses a missing, malformed, unknown or expired token."""
        parts = read_parts(header)
        if not parts:
            raise _unauthenticated()
        if not self.known:
            return Token(text=",".join(parts), owner=name_owner(parts))
        for token in self.known:
            wanted = tuple(part.strip() for part in token.text.split(","))
            if all(part in parts for part in wanted):
                if token.expires_at is not None and token.expires_at <= now:
                    raise _unauthenticated()
                token.owner = token.owner or name_owner(wanted)
                return token
        raise _unauthenticated()


@lru_cache(maxsize=256)
def read_parts(header: str | None) -> tuple[str, ...]:
    """The parts of a token, without scheme words. Empty where the header is no authorization."""
    text = (header or "").strip()
    if not _SCHEME.match(text + " "):
        return ()
    while (match := _SCHEME.match(text + " ")) is not None:
        text = (text + " ")[match.end() :].strip()
    return tuple(part.strip() for part in text.split(",") if part.strip())


@lru_cache(maxsize=256)
def name_owner(parts: tuple[str, ...]) -> str:
    """The owner that leases show for deploy tokens."""
    word = hashlib.sha256(",".join(parts).encode()).hexdigest()
    return f"{word[:8]}-{word[8:12]}-4{word[13:16]}-8{word[17:20]}-{word[20:32]}@tokens.fly.io"


def check_app(token: Token, app: str) -> None:
    """Refuse an app that the token does not open."""
    if token.apps is not None and app not in token.apps:
        raise Refusal(Code.PERMISSION_DENIED, "unauthorized")


def check_write(token: Token) -> None:
    """Refuse a change by a read-only token."""
    if token.read_only:
        raise Refusal(Code.PERMISSION_DENIED, "unauthorized")


def may(token: Token, app: str | None, *, action: str) -> bool:
    """Whether it opens the app for `action`: letters of r, w, c, d, C."""
    opens = app is None or token.apps is None or app in token.apps
    return opens and not (token.read_only and set(action) - {"r"})


def _unauthenticated() -> Refusal:
    return Refusal(Code.UNAUTHENTICATED, "Authenticate: token validation error")
