"""`console.sign_in` of hub.yaml: the ways into the console."""

from __future__ import annotations

import pytest

from hub.engine.compile import HubFile, compile_hub_file
from hub.engine.settings import SignIn, SignInProvider
from hub.ingest.signatures import AUTH_TYPES

WHOLE = """\
hub: 1
secrets: [CLIENT_SECRET]
console:
  sign_in:
    passwords: false
    provider:
      name: Google
      issuer: https://accounts.google.com
      client_id: 42.apps.example
      client_secret: CLIENT_SECRET
      algorithms: [ES256]
      scopes: [openid, email, profile]
      domains: [example.com]
"""
USUAL = SignInProvider("Google", "https://accounts.google.com", "42.apps.example", "CLIENT_SECRET")


def compiled(text: str) -> HubFile:
    return compile_hub_file(text, auth_types=AUTH_TYPES)


def test_a_provider_is_what_hub_yaml_says_of_it():
    read = compiled(WHOLE)

    assert read.findings == ()
    assert read.settings.sign_in == SignIn(
        has_passwords=False,
        provider=SignInProvider(
            "Google",
            "https://accounts.google.com",
            "42.apps.example",
            "CLIENT_SECRET",
            algorithms=("ES256",),
            scopes=("openid", "email", "profile"),
            domains=("example.com",),
        ),
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hub: 1\n", SignIn()),
        ("hub: 1\nconsole: {}\n", SignIn()),
        ("hub: 1\nconsole: {sign_in: {passwords: true}}\n", SignIn()),
        (
            WHOLE.partition("      algorithms")[0].replace("    passwords: false\n", ""),
            SignIn(provider=USUAL),
        ),
        (
            WHOLE.partition("      algorithms")[0],
            SignIn(has_passwords=False, provider=USUAL),
        ),
    ],
)
def test_without_a_key_there_are_passwords_and_no_provider(text: str, meant: SignIn):
    read = compiled(text)

    assert read.findings == ()
    assert read.settings.sign_in == meant


@pytest.mark.parametrize(
    ("written", "wrong", "place", "said"),
    [
        ("https://accounts.google.com", "http://accounts.google.com", (8, 15), "only on this"),
        ("https://accounts.google.com", "https://a.example/?x=1", (8, 15), "has the form"),
        ("https://accounts.google.com", "https://u:p@a.example", (8, 15), "has the form"),
        ("[ES256]", "[none]", (11, 20), "one of RS256"),
        ("[ES256]", "[HS256]", (11, 20), "one of RS256"),
        ("[ES256]", "[]", (11, 19), "`algorithms` is empty"),
        ("[ES256]", "ES256", (11, 19), "is a list"),
        ("openid, ", "", (12, 15), "needs `openid`"),
        ("[example.com]", "[Example.com]", (13, 17), "in small letters"),
        ("[example.com]", "[]", (13, 16), "`domains` is empty"),
        ("      client_secret: CLIENT_SECRET\n", "", (7, 7), "needs the key `client_secret`"),
        ("      name: Google\n", "", (7, 7), "needs the key `name`"),
        ("passwords: false", "passwords: maybe", (5, 16), "true or false"),
        ("    provider:", "    providers:", (6, 5), "no key `providers`"),
    ],
)
def test_what_is_wrong_with_a_way_in_is_told_with_its_place(
    written: str, wrong: str, place: tuple[int, int], said: str
):
    assert WHOLE.count(written) == 1

    findings = compiled(WHOLE.replace(written, wrong)).findings

    found = [each for each in findings if said in each.message]
    assert [(each.line, each.column) for each in found] == [place], findings
    assert {each.code for each in findings} == {"HUB110"}


def test_a_secret_is_named_and_listed():
    (found,) = compiled(WHOLE.replace("secrets: [CLIENT_SECRET]", "secrets: []")).findings

    assert (found.code, found.line) == ("HUB203", 10)


def test_without_passwords_somebody_must_prove_people():
    (found,) = compiled("hub: 1\nconsole:\n  sign_in: {passwords: false}\n").findings

    assert "nobody could sign in" in found.message
    assert (found.line, found.column) == (3, 24)
