"""What our token may do, and until when (POST /v1/tokens/authorize)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.preflight.question import ask, parsed
from entrypoint.adapters.machines.transport import Transport
from entrypoint.concurrency import both

if TYPE_CHECKING:
    from entrypoint.fleet.preflight import TokenRights
    from entrypoint.kernel.ids import AppName

READ, WRITE = "r", "rw"
"""Actions, as letters (superfly/macaroon resset/action.go)."""


async def ask_token(http: Transport, *, app: AppName, header: str) -> TokenRights | None:
    """Asks side by side whether it may read and whether it may write.

    Fly does not document how this refuses. It may also refuse for other reasons, such as a kind of token that it cannot check. So a refusal
    to write counts only together with a permission to read.
    """

    async def may(action: str) -> Answer | None:
        body = {"header": header, "access": {"app_name": app, "action": action}}
        return await ask(http, "POST", "/v1/tokens/authorize", action="authorize", identifier=app, body=body)

    reads, writes = await both(partial(may, READ), partial(may, WRITE))
    if not _is_permission(reads):
        return None
    from entrypoint.adapters.machines.wire import read_expiry
    from entrypoint.fleet.preflight import TokenRights

    return TokenRights(writes=_may_write(writes), expires_at=read_expiry(parsed(reads)))


def _may_write(answer: Answer | None) -> bool | None:
    if answer is not None and answer.status in (400, 401, 403):
        return False
    return True if _is_permission(answer) else None


def _is_permission(answer: Answer | None) -> bool:
    """Whether it is a success with a JSON object. A page from a proxy does not count."""
    return isinstance(parsed(answer), dict)
