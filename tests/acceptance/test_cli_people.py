"""`hub people`: who may use the console."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from hub.cli.access import first_link
from hub.cli.environment import Environment
from hub.people.roles import Role
from hub.storage import audit
from tests.acceptance.browser import PASSWORD, Browser, make_person
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal

ADA, BOB = "ada@example.com", "bob@example.com"


def test_people_are_told_with_roles_sessions_and_invitations(hub: Story, terminal: Terminal):
    assert "nobody may sign in yet" in terminal.type("people", "list").out
    make_person(hub, ADA, Role.ADMIN)
    Browser.at(hub).sign_in(ADA)
    terminal.type("people", "invite", BOB, "--role", "viewer")

    told = terminal.type("people", "list", "--json").lines

    assert [(each["email"], each["role"], each["since"] == "invited") for each in told] == [
        (ADA, "admin", False),
        (BOB, "viewer", True),
    ]
    assert ADA in terminal.type("people", "list").out


def test_a_link_names_the_public_address_and_is_no_secret_that_is_kept(
    hub: Story, terminal: Terminal
):
    link = terminal.type("people", "invite", f" {ADA.upper()} ", "--role", "editor").out.strip()
    token = link.removeprefix("http://127.0.0.1:8000/admin/join?token=")

    assert len(token) == 43
    with hub.transaction() as db:
        rows = db.execute(text("SELECT invitations::text FROM invitations")).scalars().all()
        acts = db.execute(text("SELECT audit::text FROM audit")).scalars().all()
    assert not any(token in each for each in (*rows, *acts))


@pytest.mark.parametrize(
    "email", ["", "ada", "@", "a b@example.com", "ada@x\ny", "<a@b>", "a" * 250 + "@x.de"]
)
def test_what_is_no_address_is_refused_with_an_example(terminal: Terminal, email: str):
    typed = terminal.type("people", "invite", email, "--role", "viewer")

    assert (typed.code, "ada@example.com" in typed.err) == (1, True)


def test_an_invitation_needs_a_role_unless_the_person_is_known(hub: Story, terminal: Terminal):
    assert "Say what they may do" in terminal.type("people", "invite", ADA).err

    make_person(hub, ADA, Role.EDITOR)
    assert terminal.type("people", "invite", ADA).code == 0


def test_S7_a_new_role_counts_at_once_and_signs_out(hub: Story, terminal: Terminal):
    browser = Browser.of(hub, Role.VIEWER, ADA)

    assert terminal.type("people", "set-role", ADA, "admin").code == 0

    assert browser.get("/admin").status == 303
    browser.sign_in(ADA)
    assert "admin" in browser.get("/admin/account").text


def test_S7_who_is_removed_is_out_at_once_with_all_tokens(hub: Story, terminal: Terminal):
    browser = Browser.of(hub, Role.VIEWER, ADA)
    terminal.type("people", "make-token", ADA, "--name", "dashboard")

    assert terminal.type("people", "remove", ADA).code == 0

    assert browser.get("/admin").status == 303
    assert browser.sign_in(ADA, PASSWORD).status == 422
    assert terminal.type("people", "tokens", "--json").lines == []
    assert "Nobody has" in terminal.type("people", "remove", ADA).err


def test_sessions_are_ended_and_the_password_stays(hub: Story, terminal: Terminal):
    browsers = [Browser.of(hub, Role.VIEWER, ADA) for _ in range(3)]

    assert "3 sessions" in terminal.type("people", "end-sessions", ADA).out

    assert [each.get("/admin").status for each in browsers] == [303] * 3
    assert browsers[0].sign_in(ADA).status == 303


@pytest.mark.parametrize(
    "words",
    [("set-role", ADA, "editor"), ("remove", ADA), ("invite", ADA, "--role", "viewer")],
)
def test_the_last_admin_stays_admin(hub: Story, terminal: Terminal, words: tuple[str, ...]):
    make_person(hub, ADA, Role.ADMIN)
    make_person(hub, BOB, Role.EDITOR)

    refused = terminal.type("people", *words)
    assert (refused.code, "last admin" in refused.err) == (1, True)

    terminal.type("people", "set-role", BOB, "admin")
    assert terminal.type("people", *words).code == 0


def test_a_token_is_never_more_than_its_person_and_has_an_end(hub: Story, terminal: Terminal):
    make_person(hub, ADA, Role.OPERATOR)
    make = ("people", "make-token", ADA, "--name", "dashboard")

    assert "cannot be admin" in terminal.type(*make, "--role", "admin").err
    assert terminal.type(*make, "--days", "0").code == 2
    assert "what the token is for" in terminal.type("people", "make-token", ADA, "--name", " ").err
    token = terminal.type(*make, "--role", "operator", "--json").json
    assert token["token"].startswith("hub_")

    (told,) = terminal.type("people", "tokens", "--json").lines
    assert (told["id"], told["role"], told["used_at"]) == (token["id"], "operator", None)
    assert "dashboard" in terminal.type("people", "tokens").out
    assert terminal.type("people", "revoke-token", token["id"]).code == 0
    assert "There is no token" in terminal.type("people", "revoke-token", token["id"]).err


def test_the_first_start_gives_a_link_for_whoever_is_first_and_later_ones_none(hub: Story):
    environment = Environment.of(hub.hub.settings)
    link = first_link(environment)
    assert link is not None

    browser = Browser.at(hub)
    page = browser.get(link[link.index("/admin") :])
    words = {"password": PASSWORD, "again": PASSWORD}
    assert browser.submit(page, "/admin/join", email="no address", **words).status == 422
    assert browser.submit(page, "/admin/join", email=ADA, **words).status == 303

    assert first_link(environment) is None
    assert "admin" in browser.get("/admin/account").text


def test_S7_a_first_link_is_worth_nothing_once_somebody_can_sign_in(hub: Story):
    link = first_link(Environment.of(hub.hub.settings)) or ""
    browser = Browser.at(hub)
    page = browser.get(link[link.index("/admin") :])
    make_person(hub, ADA, Role.ADMIN)

    words = {"password": PASSWORD, "again": PASSWORD}
    assert browser.submit(page, "/admin/join", email=BOB, **words).status == 410


def test_S9_what_is_done_to_people_is_in_the_audit(hub: Story, terminal: Terminal):
    make_person(hub, BOB, Role.ADMIN)
    hub.clock.advance(timedelta(minutes=1))
    terminal.type("people", "invite", ADA, "--role", "viewer")
    terminal.type("people", "set-role", BOB, "admin")

    with hub.transaction() as db:
        rows = audit.newest(db, limit=10)
        assert audit.faults(db) == []
    assert [(row.action, row.what) for row in rows] == [
        ("hub people set-role", {"email": BOB, "role": "admin"}),
        ("hub people invite", {"email": ADA, "role": "viewer"}),
    ]
