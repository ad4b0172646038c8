"""Getting into the console: first link, passwords, sessions, forms of others (S7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from hub.people.roles import Role
from hub.storage import audit
from tests.acceptance.browser import PASSWORD, Browser, Page, make_person
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal

FLOWS = ()

ADA = "ada@example.com"
OTHERS = {"Origin": "https://elsewhere.example"}
WRONG = "do not belong together"


@pytest.fixture
def ada(hub: Story) -> Browser:
    """Ada, an operator who has not signed in yet."""
    make_person(hub, ADA, Role.OPERATOR)
    return Browser.at(hub)


def acts(hub: Story) -> list[tuple[str, str, str]]:
    """Who did what from where, the oldest first."""
    with hub.transaction() as db:
        return [(row.who, row.origin, row.action) for row in audit.newest(db, limit=50)][::-1]


def joined(browser: Browser, link: str, **fields: str) -> Page:
    page = browser.get(link[link.index("/admin") :])
    given = {"password": PASSWORD, "again": PASSWORD, **fields}
    return browser.submit(page, "/admin/join", **given)


# ------------------------------------------------------------------------------------ invitations


def test_S7_the_first_admin_comes_in_by_a_link_that_works_once(hub: Story, terminal: Terminal):
    link = terminal.type("people", "invite", ADA, "--role", "admin").out.strip()
    browser = Browser.at(hub)

    answer = joined(browser, link)

    assert browser.follow(answer).status == 200
    assert "admin" in browser.get("/admin/account").text
    again = Browser.at(hub)
    over = again.get(link[link.index("/admin") :])
    assert (over.status, "used already" in over.text) == (410, True)
    assert acts(hub)[1:] == [(ADA, "198.51.100.7", "console join")]


def test_S7_a_link_ends_after_a_day_and_a_new_one_ends_the_one_before(
    hub: Story, terminal: Terminal
):
    first = terminal.type("people", "invite", ADA, "--role", "viewer").out.strip()
    second = terminal.type("people", "invite", ADA, "--role", "viewer").out.strip()

    assert Browser.at(hub).get(first[first.index("/admin") :]).status == 410
    with hub.transaction() as db:
        db.execute(text("UPDATE invitations SET expires_at = :now"), {"now": hub.now()})
    assert Browser.at(hub).get(second[second.index("/admin") :]).status == 410


def test_a_weak_password_or_two_that_differ_use_no_link_up(hub: Story, terminal: Terminal):
    link = terminal.type("people", "invite", ADA, "--role", "viewer").out.strip()
    browser = Browser.at(hub)

    for fields, said in (
        ({"again": "other words than before"}, "differ"),
        ({"password": "short", "again": "short"}, "at least 12"),
    ):
        page = joined(browser, link, **fields)
        assert page.status == 422
        assert said in page.text

    assert joined(browser, link).status == 303


def test_S7_a_new_link_gives_a_known_person_a_new_password_and_ends_their_sessions(
    hub: Story, terminal: Terminal
):
    before = Browser.of(hub, Role.OPERATOR, ADA)
    link = terminal.type("people", "invite", ADA).out.strip()

    answer = joined(Browser.at(hub), link, password="seven other words", again="seven other words")

    assert answer.status == 303
    assert before.get("/admin").status == 303
    assert WRONG in Browser.at(hub).sign_in(ADA).text
    assert Browser.at(hub).sign_in(ADA, "seven other words").status == 303


# ------------------------------------------------------------------------------------- signing in


def test_S7_a_password_opens_the_console_and_the_page_that_was_wanted(ada: Browser, hub: Story):
    asked = ada.get("/admin/account?x=1")

    page = ada.follow(asked)
    answer = ada.submit(page, "/admin/sign-in", email=ADA.upper(), password=PASSWORD)

    assert asked.location == "/admin/sign-in?next=%2Fadmin%2Faccount%3Fx%3D1"
    assert answer.location == "/admin/account?x=1"
    assert ADA in ada.follow(answer).text
    assert acts(hub) == [(ADA, "198.51.100.7", "console sign in")]


def test_S7_the_same_is_said_to_who_is_unknown_and_to_who_types_wrong(ada: Browser):
    known = ada.sign_in(ADA, "not these words at all")
    unknown = ada.sign_in("eve@example.com", "not these words at all")

    assert known.status == unknown.status == 422
    assert known.text == unknown.text
    assert WRONG in known.text


@pytest.mark.parametrize(
    "email", ["", "\x00", "x" * 5000, "ada@example.com\x00", "\U0001d49c@x", "'; --"]
)
def test_odd_names_are_unknown_names(ada: Browser, email: str):
    assert ada.sign_in(email).status == 422


def test_S7_a_sixth_try_within_a_minute_waits_also_with_the_right_password(
    ada: Browser, hub: Story
):
    for _ in range(5):
        assert ada.sign_in(ADA, "not these words at all").status == 422

    refused = Browser.at(hub, address="203.0.113.9").sign_in(ADA)
    assert refused.status == 429
    assert "Wait 1 minute" in refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= 61

    hub.clock.advance(timedelta(minutes=1))
    assert ada.sign_in(ADA).status == 303
    assert Browser.at(hub).sign_in(ADA).status == 303


def test_S7_an_address_that_failed_twenty_times_waits_and_others_do_not(ada: Browser, hub: Story):
    for number in range(20):
        assert ada.sign_in(f"guess-{number}@example.com").status == 422

    assert ada.sign_in(ADA).status == 429
    assert Browser.at(hub, address="203.0.113.9").sign_in(ADA).status == 303


def test_S7_a_session_is_new_at_each_sign_in_and_the_one_before_is_over(ada: Browser):
    ada.sign_in(ADA)
    first = ada.client.get_cookie("hub_session", path="/admin")
    assert first is not None

    other = ada.submit(form_of_a_stranger(ada), "/admin/sign-in", email=ADA, password=PASSWORD)
    second = ada.client.get_cookie("hub_session", path="/admin")

    assert other.status == 303
    assert second is not None
    assert second.value != first.value
    ada.client.set_cookie("hub_session", first.value, path="/admin")
    assert ada.get("/admin").status == 303


def form_of_a_stranger(browser: Browser) -> Page:
    """The form as a page shows it that was open before somebody signed in."""
    kept = browser.client.get_cookie("hub_session", path="/admin")
    assert kept is not None
    browser.client.delete_cookie("hub_session", path="/admin")
    page = browser.get("/admin/sign-in")
    browser.client.set_cookie("hub_session", kept.value, path="/admin")
    return page


def test_S7_a_session_ends_after_eight_idle_hours_and_after_seven_days(hub: Story):
    idle = Browser.of(hub, Role.VIEWER, "idle@example.com")
    busy = Browser.of(hub, Role.VIEWER, "busy@example.com")

    for _ in range(24):
        hub.clock.advance(timedelta(hours=7))
        if hub.clock.now() - hub_began(hub) < timedelta(days=7):
            assert busy.get("/admin").status == 200
    assert idle.get("/admin").status == 303
    assert busy.get("/admin").status == 303


def hub_began(hub: Story) -> datetime:
    with hub.transaction() as db:
        began: datetime = db.execute(
            text("SELECT min(created_at) FROM console_sessions")
        ).scalar_one()
        return began


def test_S7_who_signs_out_is_out_also_with_the_old_cookie(ada: Browser, hub: Story):
    page = ada.follow(ada.sign_in(ADA))
    cookie = ada.client.get_cookie("hub_session", path="/admin")
    assert cookie is not None

    assert ada.submit(page, "/admin/sign-out").location == "/admin/sign-in"

    ada.client.set_cookie("hub_session", cookie.value, path="/admin")
    assert ada.get("/admin").status == 303
    assert acts(hub)[-1] == (ADA, "198.51.100.7", "console sign out")


def test_S7_cookies_are_out_of_reach_of_scripts_and_behind_tls_of_everybody_else(open_story):
    public = open_story(HUB_PUBLIC_URL="https://hub.example")
    make_person(public, ADA, Role.VIEWER)
    browser = Browser.at(public)
    said = {"base_url": "https://hub.example"}

    form = browser.client.get("/admin/sign-in", **said)
    token = form.text.partition('name="form_token" value="')[2].partition('"')[0]
    answer = browser.client.post(
        "/admin/sign-in",
        data={"email": ADA, "password": PASSWORD, "form_token": token},
        headers={"Origin": "https://hub.example", "Sec-Fetch-Site": "same-origin"},
        **said,
    )

    given = [value for value in answer.headers.getlist("Set-Cookie") if "__Host-hub=" in value]
    assert len(given) == 1
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert f"; {word}" in given[0]
    assert "Domain" not in given[0]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/admin//evil", "/adminx", "\\\\evil", "/webhook/x"],
)
def test_after_signing_in_nobody_is_sent_elsewhere(ada: Browser, wanted: str):
    page = ada.get("/admin/sign-in")

    answer = ada.submit(page, "/admin/sign-in", email=ADA, password=PASSWORD, next=wanted)

    assert answer.location == "/admin"


# -------------------------------------------------------------------------------- forms of others


@pytest.mark.parametrize(
    "headers",
    [
        OTHERS,
        {},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
    ],
)
@pytest.mark.parametrize("path", ["/admin/sign-in", "/admin/sign-out", "/admin/account/tokens"])
def test_S7_a_form_of_another_page_changes_nothing_even_with_the_right_token(
    hub: Story, path: str, headers: dict[str, str]
):
    browser = Browser.of(hub, Role.ADMIN)
    token = browser.get("/admin/account").form("/admin/sign-out").fields["form_token"]

    refused = browser.post(path, {"form_token": token}, headers)

    assert refused.status == 403
    assert "did not come from a page of this console" in refused.text
    assert browser.get("/admin").status == 200
    assert acts(hub) == []


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é"])
def test_S7_a_form_without_the_right_token_changes_nothing(hub: Story, token: str):
    browser = Browser.of(hub, Role.ADMIN)

    refused = browser.post("/admin/sign-out", {"form_token": token})

    assert refused.status == 403
    assert browser.get("/admin").status == 200


def test_S7_the_token_of_one_session_is_worth_nothing_in_another(hub: Story):
    eve, ada = Browser.of(hub, Role.ADMIN, "eve@example.com"), Browser.of(hub, Role.ADMIN, ADA)
    page = eve.get("/admin")

    assert ada.submit(page, "/admin/sign-out").status == 403


def test_forms_of_our_own_page_are_taken_with_either_name_of_this_machine(hub: Story):
    for origin in ("http://127.0.0.1:8000", "http://localhost:8000"):
        browser = Browser.of(hub, Role.ADMIN)
        token = browser.get("/admin").form("/admin/sign-out").fields["form_token"]

        assert (
            browser.post("/admin/sign-out", {"form_token": token}, {"Origin": origin}).status == 303
        )


# ------------------------------------------------------------------------------- one's own account


def test_a_new_password_needs_the_present_one_and_ends_other_sessions(hub: Story):
    here, there = Browser.of(hub, Role.VIEWER, ADA), Browser.of(hub, Role.VIEWER, ADA)
    words = {"password": "seven other words", "again": "seven other words"}
    action = "/admin/account/password"

    refused = here.submit(here.get("/admin/account"), action, present="not mine at all", **words)
    assert (refused.status, "not your present password" in refused.text) == (422, True)
    done = here.submit(here.get("/admin/account"), action, present=PASSWORD, **words)

    assert done.status == 200
    assert here.get("/admin").status == 200
    assert there.get("/admin").status == 303
    assert Browser.at(hub).sign_in(ADA, "seven other words").status == 303


def test_people_sign_out_everywhere_else(hub: Story):
    here, there = Browser.of(hub, Role.VIEWER, ADA), Browser.of(hub, Role.VIEWER, ADA)

    here.submit(here.get("/admin/account"), "/admin/account/sessions/end")

    assert here.get("/admin").status == 200
    assert there.get("/admin").status == 303


# -------------------------------------------------------------------------------------- the pages


@pytest.mark.parametrize(
    "path",
    ["/admin", "/admin/", "/admin/account", "/admin/nothing", "/admin/sign-in", "/admin/join"],
)
def test_S10_every_page_forbids_what_it_does_not_bring_itself(hub: Story, path: str):
    for browser in (Browser.at(hub), Browser.of(hub, Role.ADMIN)):
        page = browser.get(path)
        policy = page.headers["Content-Security-Policy"]

        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        for element in page.elements:
            assert element.name not in {"style", "iframe"}
            assert not {name for name in element.attributes if name.startswith("on")}
            assert "style" not in element.attributes
            assert element.name != "script" or element.text.strip() == ""


def test_files_of_the_pages_are_kept_for_ever_under_an_address_with_their_digest(hub: Story):
    page = Browser.at(hub).get("/admin/sign-in")
    sheets = [each.attributes["href"] for each in page.elements if each.name == "link"]

    for address in sheets:
        got = Browser.at(hub).get(address)
        assert got.status == 200
        assert got.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert Browser.at(hub).get("/admin/assets/console.css").status == 404
    assert Browser.at(hub).get("/admin/assets/..%2fapp.py").status in {303, 404}


def test_what_is_no_page_asks_strangers_to_sign_in_and_says_so_to_others(hub: Story):
    assert Browser.at(hub).get("/admin/nothing").status == 303
    known = Browser.of(hub, Role.VIEWER).get("/admin/nothing")
    assert (known.status, "no such page" in known.text) == (404, True)
    other_method = Browser.of(hub, Role.VIEWER).post("/admin", {})
    assert other_method.status == 405
    assert "GET" in other_method.headers["Allow"]


def test_a_webhook_whose_name_begins_like_the_console_is_none_of_it(hub: Story):
    assert (
        Browser.at(hub)
        .get("/administration")
        .headers["Content-Type"]
        .startswith("application/problem+json")
    )
