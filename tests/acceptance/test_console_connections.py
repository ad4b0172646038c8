"""Connections in the console: what is there and missing, the last errors, asking the service."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from hub.people.roles import Role
from hub.storage import audit
from hub.storage.tables import steps
from tests.acceptance.browser import Browser
from tests.acceptance.conftest import OpenStory
from tests.acceptance.messages import SECRETS
from tests.acceptance.story import SAMPLE_TIME, Story

PAGE = "/admin/connections"


def test_S6_each_connection_tells_which_secrets_are_there_and_never_what_they_are(hub: Story):
    page = Browser.of(hub, Role.VIEWER).get(PAGE)

    assert page.status == 200
    for said in ("slack", "SLACK_BOT_TOKEN present", "SMTP_PASSWORD missing", "Set STRIPE_API_KEY"):
        assert said in page.text
    for name, value in SECRETS.items():
        assert value not in page.html, name
    assert not {each for each in page.actions() if "test" in each}


@pytest.mark.parametrize(
    ("token", "said", "status"),
    [
        (SECRETS["SLACK_BOT_TOKEN"], "slack", "ok"),
        ("xoxb-another-one", "invalid_auth", "failed"),
    ],
)
def test_an_operator_asks_a_service_and_hears_what_it_says(
    open_story: OpenStory, token: str, said: str, status: str
):
    hub = open_story(SLACK_BOT_TOKEN=token)
    operator = Browser.of(hub, Role.OPERATOR)

    page = operator.submit(operator.get(PAGE), f"{PAGE}/slack/test")

    (told,) = [each for each in page.elements if each.attributes.get("role") == "status"]
    assert said in told.text
    assert token not in page.html
    assert hub.slack.messages == []
    with hub.transaction() as db:
        (row,) = audit.newest(db, limit=1)
    assert (row.action, row.what["status"]) == ("console test connection", status)


def test_a_connection_that_is_not_declared_cannot_be_asked(hub: Story):
    operator = Browser.of(hub, Role.OPERATOR)
    token = operator.get("/admin/account").form("/admin/sign-out").fields

    page = operator.post(f"{PAGE}/nobody/test", token)

    assert (page.status, "no connection nobody" in page.text) == (409, True)


def test_the_last_errors_of_a_service_lead_to_their_runs(hub: Story):
    lead = hub.holder()
    hub.books(lead, SAMPLE_TIME)
    (run,) = hub.runs("vapi-appointment-booked")
    with hub.transaction() as db:
        db.exec_driver_sql("UPDATE runs SET status = 'failed' WHERE workflow LIKE 'vapi-app%%'")
        failed = {"error": {"code": "channel_not_found"}}
        db.execute(update(steps).where(steps.c.action == "slack.post").values(failed))

    page = Browser.of(hub, Role.VIEWER).get(PAGE)

    assert "channel_not_found" in page.text
    assert [each for each in page.links() if each.startswith(f"/admin/runs/{run.id}#step-")]
