"""Signing in by a provider of OpenID Connect: who gets in, and every way to pretend (S7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.people.roles import Role
from hub.storage import people
from tests.acceptance.browser import PASSWORD, Browser, make_person
from tests.acceptance.coming_back import (
    LEAVE,
    acts,
    assert_refused,
    back,
    form_token,
    invite,
    there,
    write_settings,
)
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal
from tests.fakes.identity_provider import (
    DISCOVERY,
    SECRET,
    Account,
    FakeIdentityProvider,
    Forged,
    signed_by_another,
    unsigned,
)
from tests.fakes.ports import port_of
from tests.fakes.services import Answer

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"


@pytest.fixture
def provider() -> Iterator[FakeIdentityProvider]:
    with FakeIdentityProvider().at(port_of("identity")) as fake:
        yield fake


@pytest.fixture
def project(tmp_path: Path, provider: FakeIdentityProvider) -> Path:
    """Settings and nothing else."""
    folder = tmp_path / "project"
    folder.mkdir()
    write_settings(folder, provider.port)
    return folder


@pytest.fixture
def hub(open_story: OpenStory, provider: FakeIdentityProvider) -> Story:
    return opened(open_story, provider)


def opened(open_story: OpenStory, provider: FakeIdentityProvider) -> Story:
    story = open_story(CONSOLE_CLIENT_SECRET=SECRET)
    provider.now = story.clock.now
    return story


# ---------------------------------------------------------------------------------- who gets in


def test_a_known_person_comes_in_by_the_provider_with_the_role_they_have_here(
    hub: Story, provider: FakeIdentityProvider
):
    make_person(hub, ADA, Role.EDITOR)
    for algorithm in ("RS256", "ES256"):
        provider.algorithm, provider.account = algorithm, Account(ADA.upper())
        browser = Browser.at(hub)
        door = browser.get("/admin/sign-in?next=%2Fadmin%2Faccount%3Fx%3D1")
        (button,) = [each for each in door.elements if each.attributes.get("class") == "button"]
        assert button.text == "Sign in with Example Login"
        assert button.attributes["href"].startswith(f"{LEAVE}?next=")

        came = back(browser, there(browser, "/admin/account?x=1"))

        assert came.location == "/admin/account?x=1", came.text
        assert "editor" in browser.follow(came).text
    assert acts(hub) == [(ADA, "console sign in", "")] * 2
    assert provider.asked("/keys") == provider.asked(DISCOVERY) == 1


def test_an_invited_person_joins_by_the_provider_and_their_invitation_is_used_up(
    hub: Story, provider: FakeIdentityProvider
):
    invite(hub, BOB, Role.OPERATOR)
    provider.account = Account(BOB)
    browser = Browser.at(hub)

    assert browser.follow(back(browser, there(browser))).status == 200

    assert "operator" in browser.get("/admin/account").text
    with hub.transaction() as db:
        assert people.open_invitations(db, hub.now()) == []
        person = people.find(db, BOB)
    assert person is not None
    assert person.signed_in_at == hub.now()
    assert Browser.at(hub).sign_in(BOB, "").status == 422  # nobody knows a password of theirs


def test_S7_who_was_not_invited_is_not_let_in_and_nobody_is_made(
    hub: Story, provider: FakeIdentityProvider
):
    make_person(hub, ADA)
    invite(hub, BOB, Role.ADMIN)
    hub.clock.advance(timedelta(days=1))
    refusals = {
        EVE: (True, "not_invited", "ask an admin"),
        BOB: (True, "not_invited", "ask an admin"),  # the time of the invitation is over
        "ada@example.net": (True, "other_domain", "not an address of example.com or example.org"),
        "Ada <ada@example.com>": (True, "odd_email", "no e-mail address that fits"),
        "ada@example.com\x00": (True, "odd_email", "no e-mail address that fits"),
        ADA: (False, "unverified_email", "is verified"),
    }
    for email, (is_verified, why, said) in refusals.items():
        provider.account = Account(email, is_verified)
        assert_refused(hub, Browser.at(hub), why, said)
    for odd in ("true", 1, None):
        provider.account = Account(ADA, odd)
        assert_refused(hub, Browser.at(hub), "unverified_email", "is verified")
    with hub.transaction() as db:
        assert [each.email for each in people.every_one(db)] == [ADA]
    assert not {action for _, action, _ in acts(hub)} & {"console sign in", "console join"}


# ------------------------------------------------------------------------------ who pretends


NOT_VERIFIED, ELSEWHERE = "could not be verified", "was begun elsewhere"
FORGED: list[tuple[dict[str, Any], Forged | None, str]] = [
    ({"nonce": "of another sign-in"}, None, "claims_invalid_claim"),
    ({"exp": 1}, None, "claims_expired_token"),
    ({}, unsigned, "unsupported_algorithm"),
    ({}, signed_by_another, "bad_signature"),
    ({}, lambda fake, claims: fake.signed(claims, kid="nobody's"), "unknown_key"),
]


def test_S7_a_token_that_is_not_for_us_now_and_signed_by_the_provider_opens_nothing(
    hub: Story, provider: FakeIdentityProvider
):
    make_person(hub, ADA, Role.ADMIN)
    for lies, forged, why in FORGED:  # all of them: tests/unit/people/test_proving.py
        provider.lies, provider.forged = lies, forged
        assert_refused(hub, Browser.at(hub), why, NOT_VERIFIED)


def test_S7_what_comes_back_belongs_to_the_browser_that_left_and_to_this_provider(hub: Story):
    make_person(hub, ADA, Role.ADMIN)
    evil = "https://evil.example"
    changes: list[tuple[dict[str, str | None], str, str]] = [
        ({"state": "x"}, "wrong_state", ELSEWHERE),
        ({"state": "é"}, "wrong_state", ELSEWHERE),
        ({"state": None}, "wrong_state", ELSEWHERE),
        ({"iss": evil}, "wrong_issuer", "not from Example Login"),  # mix-up (RFC 9207)
        ({"iss": None}, "wrong_issuer", "not from Example Login"),
        ({"code": "made up"}, "code_refused", "Begin again"),
        ({"code": None}, "refused_there", "did not let you in"),
        ({"error": "access_denied"}, "refused_there", "did not let you in (access_denied)"),
        ({"error": "<script>alert(1)</script>"}, "refused_there", "did not let you in."),
    ]
    for changed, why, said in changes:
        assert_refused(hub, Browser.at(hub), why, said, **changed)

    ada, eve = Browser.at(hub), Browser.at(hub)
    hers, his = there(ada), there(eve)
    for stranger in (Browser.at(hub), eve):  # without a cookie, and with that of another sign-in
        refused = back(stranger, hers)
        assert (refused.status, ELSEWHERE in refused.text) == (422, True)
    assert back(eve, his).status == 422  # the first failure ended it
    assert back(ada, hers).status == 303


def test_S7_a_sign_in_is_ended_once_and_within_ten_minutes(
    hub: Story, provider: FakeIdentityProvider
):
    make_person(hub, ADA)
    browser = Browser.at(hub)
    address = there(browser)
    kept = browser.client.get_cookie("hub_begun", path="/admin")
    assert kept is not None
    assert kept.http_only
    assert kept.same_site == "Lax"
    assert back(browser, address).status == 303

    thief = Browser.at(hub)  # has the address and the cookie, and is late
    thief.client.set_cookie("hub_begun", kept.value, path="/admin")
    refused = back(thief, address)
    assert (refused.status, "takes this answer no more" in refused.text) == (422, True)

    slow = Browser.at(hub)
    address = there(slow)
    hub.clock.advance(timedelta(minutes=10, seconds=1))
    assert ELSEWHERE in back(slow, address).text
    for odd in ("x", "gAAAAA", kept.value[:-4] + "AAAA"):
        liar = Browser.at(hub)
        liar.client.set_cookie("hub_begun", odd, path="/admin")
        assert ELSEWHERE in back(liar, address).text
    assert provider.asked("/token") == 2


def test_S7_who_comes_back_wrong_too_often_waits_like_who_guesses_passwords(hub: Story):
    browser = Browser.at(hub)
    for _ in range(20):
        assert browser.get("/admin/sign-in/back?code=x&state=y").status == 422

    stopped = browser.get("/admin/sign-in/back?code=x&state=y")

    assert (stopped.status, "Too many tries" in stopped.text) == (429, True)
    assert int(stopped.headers["Retry-After"]) > 0
    assert len(acts(hub)) == 20


# ------------------------------------------------------------------------- the provider itself


def test_keys_that_the_provider_changes_are_asked_for_again_but_not_for_every_forgery(
    hub: Story, provider: FakeIdentityProvider
):
    make_person(hub, ADA)
    for name, asked in (("first", 1), ("second", 2)):
        provider.key_name = name
        hub.clock.advance(timedelta(minutes=2))
        browser = Browser.at(hub)
        assert back(browser, there(browser)).status == 303
        assert provider.asked("/keys") == asked

    provider.forged = lambda fake, claims: fake.signed(claims, kid="nobody's")
    for _ in range(3):
        browser = Browser.at(hub)
        assert back(browser, there(browser)).status == 422
    assert provider.asked("/keys") == 2


def test_a_provider_that_is_away_or_says_odd_things_is_told_in_words(
    hub: Story, provider: FakeIdentityProvider
):
    make_person(hub, ADA)
    odd = {"issuer": "https://evil.example"}
    for said, answers in (
        ("cannot be reached", [Answer.of({}, 503)]),
        ("cannot be reached", [Answer(302, b"", {"Location": "http://169.254.169.254/"})]),
        ("does not fit the issuer", [Answer.of(odd)]),
        ("does not fit the issuer", [Answer(200, b"<html>")]),
        ("does not fit the issuer", [Answer.of([])]),
    ):
        provider.then(*answers)
        page = Browser.at(hub).get(LEAVE)
        assert (page.status, said in page.text) == (422, True), (said, page.text)
    browser = Browser.at(hub)
    address = there(browser)
    provider.refuse()
    page = back(browser, address)
    assert (page.status, "cannot be reached" in page.text) == (422, True)
    assert acts(hub)[-1][1:] == ("console refuse sign in", "provider_away")
    provider.listen()


@pytest.mark.usefixtures("provider")
def test_a_client_without_a_secret_or_with_a_wrong_one_is_told_to_tell_an_admin(
    open_story: OpenStory,
):
    wrong = open_story(CONSOLE_CLIENT_SECRET="of another client")
    browser = Browser.at(wrong)
    page = back(browser, there(browser))
    assert (page.status, "client id or secret is wrong" in page.text) == (422, True)

    page = Browser.at(open_story(CONSOLE_CLIENT_SECRET="")).get(LEAVE)
    assert (page.status, "CONSOLE_CLIENT_SECRET has no value" in page.text) == (422, True)


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    hub: Story, provider: FakeIdentityProvider
):
    make_person(hub, ADA)
    provider.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    browser = Browser.at(hub)

    assert back(browser, there(browser)).status == 303

    (asked,) = [each for each in provider.requests if each.path == "/token"]
    assert "authorization" not in asked.headers
    assert asked.form["client_secret"] == SECRET


def test_S3_the_provider_is_reached_by_the_guarded_way_out_alone(
    open_story: OpenStory, project: Path, provider: FakeIdentityProvider
):
    closed = (project / "hub.yaml").read_text().replace(f"[{provider.port}]", "[1]")
    (project / "hub.yaml").write_text(closed)

    page = Browser.at(opened(open_story, provider)).get(LEAVE)

    assert (page.status, "cannot be reached" in page.text) == (422, True)
    assert provider.nothing_was_sent


# ------------------------------------------------------------------- without passwords, and off


def test_without_passwords_only_the_provider_and_a_printed_link_let_people_in(
    open_story: OpenStory, project: Path, provider: FakeIdentityProvider
):
    write_settings(project, provider.port, more="    passwords: false\n")
    hub = opened(open_story, provider)
    make_person(hub, ADA, Role.ADMIN)
    door = Browser.at(hub).get("/admin/sign-in")
    assert "/admin/sign-in" not in door.actions()

    form = {"form_token": "", "email": ADA, "password": PASSWORD}
    with_token = Browser.at(hub)
    form["form_token"] = form_token(with_token)
    refused = with_token.post("/admin/sign-in", form)
    assert (refused.status, "Passwords are switched off" in refused.text) == (422, True)

    browser = Browser.at(hub)
    assert back(browser, there(browser)).status == 303
    account = browser.get("/admin/account")
    assert "/admin/account/password" not in account.actions()
    own = account.form("/admin/sign-out").fields
    assert "switched off" in browser.post("/admin/account/password", own).text

    link = Terminal.of(hub).type("people", "invite", BOB, "--role", "admin").out.strip()
    glass = Browser.at(hub)
    page = glass.get(link[link.index("/admin") :])
    assert "password" not in page.form("/admin/join").fields
    assert glass.follow(glass.submit(page, "/admin/join")).status == 200


def test_a_hub_without_a_provider_has_no_such_pages(open_story: OpenStory, project: Path):
    (project / "hub.yaml").write_text("hub: 1\n")
    browser = Browser.at(open_story())

    assert browser.get(LEAVE).status == browser.get("/admin/sign-in/back?code=x").status == 404
    assert "provider" not in browser.get("/admin/sign-in").html
