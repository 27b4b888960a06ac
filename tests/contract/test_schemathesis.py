"""Schemathesis makes up requests from Fly's OpenAPI document, right ones and wrong ones; the simulator must answer each by the document.

In process, on virtual time, each request to a world of its own. Only `make contract` runs this: it takes its time.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from tests.contract.checker import Exchange, find_violations, read_amended
from tests.simulator.app import AREAS
from tests.simulator.stage import Stage, on_virtual_time, open_stage
from tests.simulator.transport import SimulatorTransport

EXAMPLES = 10

pytestmark = pytest.mark.schemathesis


def shape(method: str, path: str) -> str:
    """An operation, whatever the names of its parameters."""
    return f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"


SERVED = {shape(endpoint.method, endpoint.path) for area in AREAS for endpoint in area.ENDPOINTS}
DOCUMENT = read_amended()
for _path, _item in DOCUMENT["paths"].items():
    for _method in [m for m in _item if m in {"get", "post", "put", "patch", "delete"}]:
        if shape(_method, _path) not in SERVED:
            del _item[_method]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


def prepare(case: Case, stage: Stage) -> httpx.Request:
    """The made-up request, aimed at an app and a machine that are there."""
    known = {"app_name": "acme-shop", "machine_id": stage.machine.id, "org_slug": "acme"}
    case.path_parameters = {
        **(case.path_parameters or {}),
        **{k: v for k, v in known.items() if k in case.path},
    }
    words: dict[str, Any] = case.as_transport_kwargs(base_url="http://fly.test")
    taken = {"method", "url", "params", "headers", "cookies", "json", "data", "files"}
    ready: Any = requests.Request(**{key: value for key, value in words.items() if key in taken}).prepare()
    sent = {"content-type", "fly-machine-lease-nonce"}
    headers = {key: value for key, value in ready.headers.items() if key.lower() in sent}
    return httpx.Request(
        ready.method,
        quote(ready.url, safe="/:?&=%[]@,;+!$'()*~#-._"),
        content=ready.body.encode() if isinstance(ready.body, str) else ready.body,
        headers={**headers, "authorization": "Bearer t"},
    )


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
def test_the_simulator_answers_by_the_document(case: Case) -> None:
    @on_virtual_time
    async def story() -> None:
        async with open_stage() as stage:
            request = prepare(case, stage)
            door = SimulatorTransport(stage.simulator, contract=False)
            answer = await door.handle_async_request(request)
            assert answer.status_code < 500
            exchange = Exchange(
                method=request.method,
                path=request.url.path,
                query=tuple(request.url.params.multi_items()),
                body=request.content,
                status=answer.status_code,
                reply_headers=tuple(answer.headers.multi_items()),
                reply=await answer.aread(),
            )
            # Taking a wrong request is no sin of a server; answering it wrongly is.
            assert find_violations(exchange, judge_request=False) == []

    story()


def test_what_is_fuzzed__is_what_is_served() -> None:
    assert sum(1 for _ in SCHEMA.get_all_operations()) >= 35
