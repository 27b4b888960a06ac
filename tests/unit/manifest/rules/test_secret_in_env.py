"""What counts as a secret in [env]: by its name, or by what its issuer lets it begin with."""

from __future__ import annotations

import pytest

from entrypoint.manifest.read import read

SECRETS = {
    "a short password": ("ADMIN_PASSWORD", "hunter2"),
    "pass": ("DB_PASS", "c0rrect"),
    "pwd": ("MYSQL_PWD", "c0rrect"),
    "credentials": ("SMTP_CREDENTIALS", "shop:hunter2"),
    "GitHub": ("GH", "ghp_" + "a1" * 18),
    "GitHub, fine-grained": ("CI", "github_pat_" + "a1" * 20),
    "GitLab": ("CI", "glpat-" + "a1" * 10),
    "Slack": ("CHAT", "xoxb-123456789012-abc"),
    "a Slack hook": ("CHAT", "https://hooks.slack.com/services/T1/B2/c3"),
    "OpenAI": ("MODEL", "sk-proj-" + "a1" * 12),
    "Stripe": ("PAY", "sk_live_0123456789"),
    "a web token": ("SESSION", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln"),
    "Fly": ("DEPLOY", "FlyV1 fm2_lJPECAAAAA"),
    "Google": ("MAPS", "AIza" + "a" * 35),
    "a private key": ("CERT", "-----BEGIN RSA PRIVATE KEY-----\\nMII\\n-----END RSA PRIVATE KEY-----"),
    "a password in a URL without a user": ("CACHE", "redis://:hunter2@cache:6379"),
    "a token under a public name": ("NEXT_PUBLIC_KEY", "sk_live_0123456789"),
}
HARMLESS = {
    "a public key": ("NEXT_PUBLIC_API_KEY", "pk_live_0123456789"),
    "a key's id": ("AWS_ACCESS_KEY_ID", "AKIA0123456789ABCDEF"),
    "a path": ("TOKEN", "/run/secrets/token"),
    "a placeholder": ("DB_PASSWORD", "<set with fly secrets>"),
    "a reference": ("DB_PASSWORD", "$DB_PASSWORD"),
    "an empty one": ("DB_PASSWORD", ""),
    "a switch": ("USE_PASS", "no"),
    "a URL": ("TOKEN", "https://auth.example.com/token"),
    "a word that ends alike": ("COMPASS", "north-west"),
    "a certificate": ("CERT", "-----BEGIN CERTIFICATE-----"),
}


def found(name: str, value: str) -> list[str]:
    text = f'app = "shop"\n[env]\n{name} = "{value}"\n'
    return [f.path for f in read(text, file="fly.toml").findings if f.rule == "secret-in-env"]


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret__is_found_and_never_repeated(case: str) -> None:
    name, value = SECRETS[case]
    assert found(name, value) == [f"env.{name}"]


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_none__is_left_alone(case: str) -> None:
    assert found(*HARMLESS[case]) == []
