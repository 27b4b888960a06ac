"""Token forms as they come out of GitHub's secrets, the headers they make, and what of them is masked."""

from __future__ import annotations

import pytest

from entrypoint.adapters.runner.masks import mask
from entrypoint.adapters.tokens import authorization, bearer, registry_password, secret_parts
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.secrets import Secret

FORMS = [
    ("fm2_a,fm2_b", "FlyV1 fm2_a,fm2_b"),
    ("FlyV1 fm2_a,fm2_b\n", "FlyV1 fm2_a,fm2_b"),
    ("  flyv1   fm2_a , fm2_b\r\n", "FlyV1 fm2_a,fm2_b"),
    ("Bearer FlyV1 fm2_a", "FlyV1 fm2_a"),
    ("FlyV1 FlyV1 fm1r_a,fm1a_b", "FlyV1 fm1r_a,fm1a_b"),
    ("fm2_permission,fm2_discharge,fo1_old", "FlyV1 fm2_permission,fm2_discharge"),
    ("fm2_a,\nfm2_b,", "FlyV1 fm2_a,fm2_b"),
    ("fo1_legacy\n", "Bearer fo1_legacy"),
    ("bearer fo1_legacy", "Bearer fo1_legacy"),
]


@pytest.mark.parametrize(("given", "header"), FORMS)
def test_a_token__makes_the_header_that_flyctl_would_send(given: str, header: str) -> None:
    assert authorization(Secret(given)) == header


def test_the_api_host_and_the_registry__take_all_parts() -> None:
    token = Secret("FlyV1 fm2_a,fo1_b\n")
    assert bearer(token) == "Bearer fm2_a,fo1_b"
    assert registry_password(token) == "fm2_a,fo1_b"


@pytest.mark.parametrize(
    "given", ["", " \n", "FlyV1", "FlyV1 \n", ",", "fm2_a b", "fm2_a\nfm2_b", "fm2_ä", "fm2_\x00", "fo1_\x7f"]
)
def test_what_cannot_be_a_token__is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(UsageError) as refused:
        authorization(Secret(given))
    assert not given.strip() or given.strip() == "," or given.strip() not in str(refused.value)


@pytest.mark.parametrize(("given", "header"), FORMS)
def test_every_form_of_it__is_masked(given: str, header: str) -> None:
    masked = {line.removeprefix("::add-mask::") for line in mask(given)}
    sent = set(header.partition(" ")[2].split(","))
    assert sent | {registry_password(Secret(given)), given.strip().splitlines()[0]} <= masked
    assert set(secret_parts(Secret(given))) >= sent | {registry_password(Secret(given))}
    assert masked.isdisjoint({"", "FlyV1", "Bearer"})
