"""Home, people, tokens and the audit log in the console."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from hub.people.roles import Role
from hub.storage import audit
from tests.acceptance.browser import PASSWORD, Browser, Page, make_person
from tests.acceptance.story import SAMPLE_TIME, Story

ADA, BOB = "ada@example.com", "bob@example.com"


def acts(hub: Story) -> list[str]:
    with hub.transaction() as db:
        assert audit.faults(db) == []
        return [row.action for row in audit.newest(db, limit=50)][::-1]


# -------------------------------------------------------------------------------------------- home


@pytest.mark.usefixtures("worker")
def test_home_tells_the_books_the_queue_the_callers_and_the_last_failures(hub: Story):
    hub.books(hub.holder("Zoë"), SAMPLE_TIME)
    hub.call_ends(hub.holder(), "no_answer", is_worked=False)

    page = Browser.of(hub, Role.VIEWER).get("/admin")

    assert "balanced" in page.text
    assert "oldest is due for" in page.text
    assert "vapi.tool" in page.text or "json" in page.text
    assert "nothing failed" in page.text
    assert [each for each in page.elements if each.name == "rect"]


@pytest.mark.usefixtures("worker")
def test_home_tells_what_was_accepted_completed_and_failed_a_minute(hub: Story):
    lead = hub.holder()
    hub.books(lead, SAMPLE_TIME)
    with hub.transaction() as db:  # one of them began long ago, and has just failed
        ended = db.scalar(text("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL"))
        assert ended
        db.execute(
            text(
                "UPDATE runs SET status = 'failed', created_at = now() - interval '2 days'"
                " WHERE id = (SELECT id FROM runs WHERE status = 'succeeded' LIMIT 1)"
            )
        )
    hub.call_ends(lead, "no_answer", is_worked=False)

    page = Browser.of(hub, Role.VIEWER).get("/admin")

    told = f"{ended / 5:.1f} accepted; {(ended - 1) / 5:.1f} completed, 0.2 failed (last 5 min)"
    assert f"Per minute {told}" in page.text
    assert "/admin/runs?status=queued" in page.links()


def test_home_of_a_hub_without_a_worker_says_so(hub: Story):
    assert "none alive" in Browser.of(hub, Role.VIEWER).get("/admin").text


def test_the_pulse_of_home_is_a_part_that_is_asked_for_alone(hub: Story):
    part = Browser.of(hub, Role.VIEWER).get("/admin/pulse", headers={"HX-Request": "true"})

    assert part.html.lstrip().startswith('<div id="pulse"')


# ------------------------------------------------------------------------------------------ people


def test_an_admin_invites_and_the_link_is_shown_once(hub: Story):
    admin = Browser.of(hub, Role.ADMIN)

    page = done(admin, "invite", email=ADA, role="operator")
    (link,) = [each.text for each in page.elements if each.attributes.get("class") == "token"]

    assert link not in admin.get("/admin/people").html
    assert "invited" in admin.get("/admin/people").text
    target = urlsplit(link)
    guest = Browser.at(hub)
    form = guest.get(f"{target.path}?{target.query}")
    guest.submit(form, "/admin/join", password=PASSWORD, again=PASSWORD)
    assert "operator" in guest.get("/admin/account").text
    assert acts(hub) == ["console invite", "console join"]


def done(admin: Browser, what: str, **fields: str) -> Page:
    token = admin.get("/admin/people").form("/admin/sign-out").fields
    return admin.post(f"/admin/people/{what}", {**token, **fields})


def test_an_admin_changes_roles_ends_sessions_and_removes(hub: Story):
    admin, ada = Browser.of(hub, Role.ADMIN), Browser.of(hub, Role.VIEWER, ADA)

    done(admin, "role", email=ADA, role="editor")
    assert ada.get("/admin").status == 303
    ada.sign_in(ADA)
    assert "editor" in ada.get("/admin/account").text
    done(admin, "sessions/end", email=ADA)
    assert ada.get("/admin").status == 303
    done(admin, "remove", email=ADA)
    assert ada.sign_in(ADA).status == 422
    assert acts(hub) == [
        "console set role",
        "console sign in",
        "console end sessions",
        "console remove person",
    ]


def test_the_last_admin_cannot_take_their_own_access_away(hub: Story):
    admin = Browser.of(hub, Role.ADMIN)

    for what, fields in (("remove", {}), ("role", {"role": "viewer"}), ("role", {"role": "odd"})):
        page = done(admin, what, email="admin@example.com", **fields)
        assert page.status == 409
    assert admin.get("/admin/people").status == 200


def test_an_admin_who_changes_their_own_role_signs_in_again(hub: Story):
    make_person(hub, BOB, Role.ADMIN)
    admin = Browser.of(hub, Role.ADMIN)

    page = done(admin, "role", email="admin@example.com", role="editor")

    assert page.location == "/admin/sign-in"
    assert admin.get("/admin").status == 303


# ------------------------------------------------------------------------------------------ tokens


def token_of(browser: Browser, role: str = "viewer", days: str = "30") -> str:
    page = browser.get("/admin/account")
    made = browser.submit(page, "/admin/account/tokens", name="dashboard", role=role, days=days)
    assert made.status == 200, made.text
    (token,) = [each.text for each in made.elements if each.attributes.get("class") == "token"]
    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def read(answer: TestResponse) -> Any:
    return json.loads(answer.data)


def test_a_program_reads_runs_with_a_token_until_its_time_is_over(hub: Story):
    hub.books(hub.holder("Zoë"), SAMPLE_TIME)
    token = token_of(Browser.of(hub, Role.VIEWER, ADA))
    program = Browser.at(hub)

    listed = program.client.get("/admin/api/runs", headers=bearer(token))
    assert listed.status_code == 200
    run = next(each for each in read(listed)["runs"] if each["workflow"].startswith("vapi"))
    told = program.client.get(f"/admin/api/runs/{run['id']}", headers=bearer(token))
    assert told.status_code == 200
    assert b"2025-12-03" not in told.data
    assert read(told)["steps"]
    assert program.client.get("/admin/api/runs/x", headers=bearer(token)).status_code == 404
    assert program.client.get("/admin/api/runs", headers=bearer(f"{token}x")).status_code == 401

    hub.clock.advance(timedelta(days=30))
    assert program.client.get("/admin/api/runs", headers=bearer(token)).status_code == 401


def test_a_token_may_what_its_role_may_and_never_more_than_its_person(hub: Story):
    hub.call_ends(hub.holder(), "no_answer", is_worked=False)
    run = hub.runs("vapi-call-ended")[0].id
    ada = Browser.of(hub, Role.OPERATOR, ADA)
    reading, acting = token_of(ada), token_of(ada, role="operator")
    program = Browser.at(hub).client
    cancel = f"/admin/api/runs/{run}/cancel"

    refused = program.post(cancel, headers=bearer(reading))
    assert refused.status_code == 403
    assert read(refused)["title"] == "To cancel a run you must be operator. You are viewer."
    done(Browser.of(hub, Role.ADMIN), "role", email=ADA, role="viewer")
    assert program.post(cancel, headers=bearer(acting)).status_code == 403
    done(Browser.of(hub, Role.ADMIN), "role", email=ADA, role="operator")
    assert program.post(cancel, headers=bearer(acting)).status_code == 202
    assert acts(hub)[-1] == "api cancel"


def test_what_callers_sent_is_told_to_programs_that_may_reveal_it_and_noted(hub: Story):
    hub.books(hub.holder("Zoë"), SAMPLE_TIME)
    token = token_of(Browser.of(hub, Role.OPERATOR, ADA), role="operator")
    run = hub.runs("vapi-appointment-booked")[0].id

    told = Browser.at(hub).client.get(f"/admin/api/runs/{run}", headers=bearer(token))

    assert b"2025-12-03" in told.data
    assert acts(hub)[-1] == "api reveal"


def test_H_27_holds_are_told_to_programs_and_viewers_see_no_client_in_them(hub: Story):
    lead = hub.holder("Zoë")
    hub.books(lead, SAMPLE_TIME)
    ada = Browser.of(hub, Role.OPERATOR, ADA)
    looking, acting = token_of(ada), token_of(ada, role="operator")
    program = Browser.at(hub).client

    (hold,) = read(program.get("/admin/api/holds", headers=bearer(acting)))["holds"]
    (covered,) = read(program.get("/admin/api/holds", headers=bearer(looking)))["holds"]

    assert hold["number"] == str(hub.number_of(lead))
    assert hold["lead_name"].startswith("Zoë")
    assert hold["lead_id"] == covered["lead_id"] == str(lead)
    assert hold["appointment_at"] == covered["appointment_at"] == "2025-12-03T19:00:00Z"
    assert {covered[name] for name in ("number", "lead_name")} == {"•••"}


def test_a_revoked_token_is_worth_nothing(hub: Story):
    ada = Browser.of(hub, Role.VIEWER, ADA)
    token = token_of(ada)
    page = ada.get("/admin/account")
    (revoke,) = [action for action in page.actions() if action.endswith("/revoke")]

    stranger = Browser.of(hub, Role.EDITOR)
    own = stranger.get("/admin/account").form("/admin/sign-out").fields
    assert stranger.post(revoke, own).status == 409
    ada.submit(page, revoke)

    assert Browser.at(hub).client.get("/admin/api/runs", headers=bearer(token)).status_code == 401


def test_a_token_that_makes_no_sense_is_refused_with_a_sentence(hub: Story):
    ada = Browser.of(hub, Role.VIEWER, ADA)
    for given in ({"days": "0"}, {"days": "x"}, {"role": "admin"}, {"name": " "}, {"role": "odd"}):
        fields = {"name": "dashboard", "role": "viewer", "days": "30", **given}
        page = ada.submit(ada.get("/admin/account"), "/admin/account/tokens", **fields)
        assert page.status == 422, given


# ------------------------------------------------------------------------------------------- audit


def test_S9_the_audit_log_tells_who_did_what_from_where(hub: Story):
    admin = Browser.of(hub, Role.ADMIN)
    done(admin, "invite", email=ADA, role="viewer")

    page = admin.get("/admin/audit")

    for said in ("admin@example.com", "198.51.100.7", "console invite", ADA):
        assert said in page.text
    assert admin.get("/admin/audit?before=1").status == 200
    assert admin.get("/admin/audit?before=x").status == 200


def test_S9_the_audit_log_of_one_person_is_one_click_away(hub: Story):
    admin = Browser.of(hub, Role.ADMIN)
    done(admin, "invite", email=BOB, role="viewer")
    make_person(hub, ADA)
    Browser.at(hub).sign_in(ADA)

    (link,) = {each for each in admin.get("/admin/audit").links() if "who=ada" in each}
    page = admin.get(link)

    assert "console sign in" in page.text
    assert "console invite" not in page.text
    assert link in admin.get("/admin/people").links()
    assert "did nothing by hand" in admin.get("/admin/audit?who=nobody%00").text
