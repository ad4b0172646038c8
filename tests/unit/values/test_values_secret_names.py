"""Names that say that they prove who sends (S6)."""

from __future__ import annotations

import pytest

from hub.values import is_credential_name, is_secret_name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "token",
            "accesstoken",
            "X-Hub-Token",
            "page_access_token",
            "reset_token_2",
            "homepage_token",
        ),
        *(
            "client_secret",
            "db_password",
            "passwd",
            "api_key",
            "X-ApiKey",
            "access_key",
            "auth_key",
        ),
        *("Authorization", "auth", "x-auth", "sig", "sig_v2", "X-Hub-Signature-256", "session"),
        *("X-Signature-Ed25519", "Set-Cookie", "cookie", "jwt", "authorization_code"),
    ],
)
def test_S6_a_name_that_ends_with_a_credential_is_one_and_is_not_kept(name: str):
    assert is_credential_name(name)
    assert is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        *((name, False) for name in ("page_token", "next_token", "X-Next-Page-Token")),
        *((name, False) for name in ("continuation_token", "nextpagetoken", "sync_token")),
        *((name, False) for name in ("signature_request_id", "cookie_consent", "secretary")),
        *((name, False) for name in ("token_count", "X-Signature-Timestamp")),
        *((name, True) for name in ("author", "possession", "session_id", "design", "page", "key")),
    ],
)
def test_S6_a_name_that_holds_such_a_word_can_be_read_and_is_hidden_as_ever(
    name: str, *, is_kept: bool
):
    assert not is_credential_name(name)
    assert is_secret_name(name) is not is_kept
