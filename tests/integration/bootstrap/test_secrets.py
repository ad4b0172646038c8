"""Secrets have their values at the moment of use and are hidden everywhere else (S6)."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from hub.bootstrap.secrets import Seal, Secrets, new_key
from hub.config import VARIABLES
from hub.errors import Misconfigured, Permanent

TOKEN = "s3cr3t/+ tøken&x=1"
ENVIRONMENT = {"TOKEN": TOKEN, "OLD": "new-value", "OLD_PREVIOUS": "old-value", "SHORT": "abc"}


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(iter(["TOKEN", "OLD", "SHORT", "EMPTY"]), {**ENVIRONMENT, "EMPTY": ""})


def test_a_secret_is_revealed_by_name_and_one_without_value_says_what_to_set(secrets: Secrets):
    assert secrets.reveal("TOKEN") == TOKEN
    for name in ("EMPTY", "NOT_NAMED"):
        with pytest.raises(Permanent, match=f"set {name}"):
            secrets.reveal(name)
    assert secrets.missing() == ["EMPTY"]


def test_S1_two_values_are_live_during_a_rotation(secrets: Secrets):
    assert secrets.live("OLD") == ("new-value", "old-value")
    assert secrets.live("TOKEN") == (TOKEN,)
    assert secrets.live("EMPTY") == secrets.live("NOT_NAMED") == ()


RAW = TOKEN.encode()
FORMS = {
    "clear": TOKEN,
    "base64": base64.b64encode(RAW).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(RAW).decode(),
    "base64 without its end": base64.b64encode(RAW).decode().rstrip("="),
    "in base64 of user and password": base64.b64encode(b"u:" + RAW).decode(),
    "in base64, with something behind": base64.b64encode(b"u" + RAW + b"\n{}").decode(),
    "hex": RAW.hex(),
    "HEX": RAW.hex().upper(),
    "in a URL": quote(TOKEN, safe=""),
    "in a URL's path": quote(TOKEN),
    "in a form": quote_plus(TOKEN),
}


@pytest.mark.parametrize("form", FORMS)
def test_S6_secrets_are_hidden_in_whatever_form(secrets: Secrets, form: str):
    text = FORMS[form]

    hidden = secrets.hide(f"before {text} behind")

    assert "[TOKEN]" in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" behind")
    longest = max(len(part) for part in hidden.replace("[TOKEN]", " ").split())
    assert longest <= len("before")


def test_S6_secrets_are_hidden_at_any_depth_also_in_keys_and_during_a_rotation(secrets: Secrets):
    value = {"a": [f"Bearer {TOKEN}", {"old-value": ("new-value", 5, None, True)}]}

    assert secrets.hide(value) == {"a": ["Bearer [TOKEN]", {"[OLD]": ["[OLD]", 5, None, True]}]}


def test_words_that_happen_to_be_short_secrets_stay_readable(secrets: Secrets):
    assert secrets.hide("abc is the alphabet") == "abc is the alphabet"


@given(
    secret=st.text(min_size=10, max_size=40),
    before=st.text(max_size=10),
    behind=st.text(max_size=10),
)
def test_S6_no_neighbourhood_uncovers_a_secret_in_base64(secret: str, before: str, behind: str):
    try:
        whole = f"{before}{secret}{behind}".encode()
    except UnicodeEncodeError:
        return
    secrets = Secrets(["TOKEN"], {"TOKEN": secret})

    assert "[TOKEN]" in secrets.hide(base64.b64encode(whole).decode())


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES if variable.is_secret])
def test_S6_what_the_hub_itself_keeps_secret_is_hidden(name: str):
    secrets = Secrets([], {name: "a-value-of-its-own"})

    assert secrets.hide("it is a-value-of-its-own") == f"it is [{name}]"


def test_the_hubs_own_passwords_do_not_change_what_a_run_goes_on_with():
    secrets = Secrets(["TOKEN"], {"TOKEN": "a-token", "HUB_ENCRYPTION_KEY": "postgres"})

    assert secrets.hide_named("postgres said a-token") == "postgres said [TOKEN]"


def test_what_is_sealed_is_opened_with_the_same_key_only():
    seal = Seal(new_key())
    sealed = seal.close(b"raw body")

    assert b"raw body" not in sealed
    assert seal.open(sealed) == b"raw body"
    with pytest.raises(Misconfigured, match="not the key"):
        Seal(new_key()).open(sealed)
    with pytest.raises(Misconfigured):
        seal.open(b"never sealed")


@pytest.mark.parametrize("length", [0, 1, 15, 16, 65_535, 65_536, 65_537, 200_000])
def test_bodies_of_any_length_are_sealed_as_fernet_does_and_each_time_in_another_way(length):
    key, body = new_key(), bytes(range(256)) * (length // 256) + bytes(length % 256)
    once, again = Seal(key).close(body), Seal(key).close(body)

    assert Fernet(key).decrypt(once) == Fernet(key).decrypt(again) == body
    assert once[20:] != again[20:]
    assert Seal(key).open(Fernet(key).encrypt(body)) == body
