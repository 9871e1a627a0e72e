"""What of an environment counts as a secret."""

from __future__ import annotations

import pytest

from forkjoin.model.secrets import secret_name, secrets_of, spelled_secrets


@pytest.mark.parametrize(
    "name",
    ["ANTHROPIC_API_KEY", "GH_TOKEN", "GITHUB_PAT", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "npm_config_authToken",
     "NPM_CONFIG__AUTH", "MY_CREDENTIALS", "COOKIE", "APP_SESSION"],
)  # fmt: skip
def test_names_that_say_so(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize(
    "name", ["PATH", "PWD", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION", "XDG_SESSION_ID", "AUTHOR"]
)
def test_names_that_do_not(name: str) -> None:
    assert not secret_name(name)


def test_what_would_mask_half_of_every_text_is_no_secret() -> None:
    plain = {"A_TOKEN": "short", "MAX_TOKENS": "128000000", "TOKEN_FILE": "/run/token-1", "PGPASSWORD": "postgres",
             "SORT_KEY": "created_at", "SECRET_DIR": "~/secrets-1"}  # fmt: skip
    assert secrets_of(plain) == {}


def test_keys_passwords_in_urls_and_lines_of_keys_are() -> None:
    found = secrets_of(
        {"SIGNING_KEY": "a1b2c3d4e5f6a7b8", "DATABASE_URL": "postgres://me:hunter2-x@db:5432/x", "P_TOKEN": "x" * 16,
         "TLS_PRIVATE_KEY": "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----"}
    )  # fmt: skip
    assert found.keys() >= {"a1b2c3d4e5f6a7b8", "hunter2-x", "x" * 16, "MIIEvQIBADANBgkqhkiG9w0"}
    assert found["hunter2-x"] == "DATABASE_URL"
    assert "-----BEGIN KEY-----" not in found


def test_they_are_known_in_json_too_and_the_longest_comes_first() -> None:
    spelled = spelled_secrets({"A_TOKEN": 'quo"te-12', "B_TOKEN": "n\xf6l-12345"})
    assert {b'quo"te-12', b'quo\\"te-12', b'quo\\\\\\"te-12'} <= set(spelled)
    assert {b"n\\u00f6l-12345", "n\xf6l-12345".encode()} <= set(spelled)
    assert [len(one) for one in spelled] == sorted(map(len, spelled), reverse=True)
