"""What an id token must say, and how it must be signed, before it proves an e-mail address (S7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.people import proving
from hub.people.proving import Trust, UnknownKey
from hub.people.signing_in import NotProved
from tests.fakes.identity_provider import (
    CLIENT,
    FakeIdentityProvider,
    Forged,
    changed_after_signing,
    key,
    signed_by_another,
    signed_with_the_public_key,
    unsigned,
    with_a_header_that_must_be_understood,
)

NOW = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
NONCE = "the nonce of this sign-in"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def provider() -> FakeIdentityProvider:
    """It signs and listens nowhere."""
    fake = FakeIdentityProvider()
    fake.now = lambda: NOW
    return fake


def trust_in(provider: FakeIdentityProvider, **more: Any) -> Trust:
    given_: dict[str, Any] = {"algorithms": ("RS256", "ES256"), "scopes": ("openid",), **more}
    return Trust("Example", provider.issuer, CLIENT, **given_)


def proved(provider: FakeIdentityProvider, now: datetime = NOW, **more: Any) -> str:
    keys = proving.read_keys({"keys": provider.keys})
    token = provider.id_token(NONCE)
    return proving.read_email_of(trust_in(provider, **more), keys, token, nonce=NONCE, now=now)


CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://evil.example"}, "claims_invalid_claim"),
    ({"iss": None}, "claims_missing_claim"),
    ({"aud": "another-client"}, "claims_invalid_claim"),
    ({"aud": None}, "claims_missing_claim"),
    ({"aud": [CLIENT, "another-client"]}, "claims_invalid"),
    ({"aud": [CLIENT, "another-client"], "azp": "another-client"}, "claims_invalid"),
    ({"azp": "another-client"}, "claims_invalid"),
    ({"nonce": "of another sign-in"}, "claims_invalid_claim"),
    ({"nonce": None}, "claims_missing_claim"),
    ({"exp": 1}, "claims_expired_token"),
    ({"exp": None}, "claims_missing_claim"),
    ({"exp": "never"}, "claims_invalid_claim"),
    ({"iat": 32_503_680_000}, "claims_invalid_claim"),
    ({"nbf": 32_503_680_000}, "claims_invalid_claim"),
    ({"sub": None}, "claims_missing_claim"),
]
FORGED: list[tuple[Forged, str]] = [
    (unsigned, "unsupported_algorithm"),
    (signed_with_the_public_key, "unsupported_algorithm"),
    (signed_by_another, "bad_signature"),
    (changed_after_signing, "bad_signature"),
    (with_a_header_that_must_be_understood, "unsupported_header"),
    (lambda fake, claims: fake.signed(claims, kid="nobody's"), "unknown_key"),
    (lambda *_: "no.token", "decode_error"),
    (lambda *_: "x" * 20_000, "too_long"),
]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_of_the_provider_proves_a_verified_address(provider, algorithm: str):
    provider.algorithm = algorithm

    assert proved(provider) == "ada@example.com"
    assert proved(provider, now=NOW + timedelta(seconds=359)) == "ada@example.com"  # clocks differ


def test_S7_a_token_that_is_not_for_us_now_proves_nothing(provider):
    for lies, why in CLAIMS:
        provider.lies = lies
        with pytest.raises(NotProved) as refused:
            proved(provider)
        assert refused.value.reason == why, lies


def test_S7_a_token_that_the_provider_did_not_sign_proves_nothing(provider):
    for forged, why in FORGED:
        provider.forged = forged
        with pytest.raises(NotProved) as refused:
            proved(provider)
        assert refused.value.reason == why


def test_S7_only_the_algorithms_of_hub_yaml_are_believed(provider):
    with pytest.raises(NotProved) as refused:
        proved(provider, algorithms=("ES256",))
    assert refused.value.reason == "unsupported_algorithm"


def test_S7_a_shared_secret_or_a_key_for_something_else_is_none_of_the_keys(provider):
    public = dict(key("first-RSA", "RSA").as_dict(private=False))
    shared = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "shared"}
    odd = [None, "x", {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-999", "x": "x", "y": "y"}]

    assert not proving.read_keys({"keys": [shared, {**public, "use": "enc"}, *odd]}).keys
    documents: list[Any] = [None, [], {}, {"keys": None}, {"keys": "x"}]
    for document in documents:
        assert not proving.read_keys(document).keys
        with pytest.raises(UnknownKey):
            proving.read_email_of(
                trust_in(provider),
                proving.read_keys(document),
                provider.id_token(NONCE),
                nonce=NONCE,
                now=NOW,
            )


@given(
    document=JSON,
    said=st.dictionaries(st.sampled_from(["code", "state", "iss", "error"]), st.text()),
)
def test_whatever_a_provider_or_a_browser_says_is_refused_in_words(
    document: Any, said: dict[str, str]
):
    trust = Trust("Example", "https://accounts.example.com", CLIENT, ("RS256",), ("openid",))
    with pytest.raises(NotProved):
        proving.read_places(trust, document)
    proving.read_keys(document)
    places = proving.Places(
        authorize="https://a.example",
        token="https://t.example",
        keys="https://k.example",
        is_issuer_named=True,
        takes_basic=True,
    )
    begun = proving.begin(trust, "/admin", NOW)
    with pytest.raises(NotProved) as refused:
        proving.check_return(trust, places, begun, said, NOW)
    assert refused.value.args[0].isprintable()
