"""Finding runs and looking at one: covered values, revealing, cancelling, running again."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.people.roles import Role
from hub.storage import audit, finding_runs
from tests.acceptance.browser import Browser, Page
from tests.acceptance.story import SAMPLE_TIME, Story

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}"
    "javascript:alert(1) \u202e</pre></textarea><!--"
)
MANY = text("""
    INSERT INTO runs (id, workflow, version, status, mode, trigger, created_at, ended_at, deadline)
    SELECT gen_random_uuid(), 'lead-phone', 'v', 'succeeded', 'live', '{}',
           now() - n * interval '1 second', now(), now()
      FROM generate_series(1, :many) AS n
""")


def acts(hub: Story) -> list[tuple[str, str]]:
    with hub.transaction() as db:
        return [(row.who, row.action) for row in audit.newest(db, limit=50)][::-1]


def shown_runs(page: Page) -> list[str]:
    return [
        each.attributes["href"]
        for each in page.elements
        if each.name == "a" and "name" in each.attributes.get("class", "").split()
    ]


def a_booking(hub: Story) -> UUID:
    lead = hub.holder("Zoë")
    hub.books(lead, SAMPLE_TIME)
    return hub.runs("vapi-appointment-booked")[0].id


def a_waiting_run(hub: Story) -> UUID:
    hub.call_ends(hub.holder(), "no_answer", is_worked=False)
    return hub.runs("vapi-call-ended")[0].id


# ----------------------------------------------------------------------------------------- finding


def test_runs_are_listed_the_newest_first_with_filters(hub: Story):
    booked, waiting = a_booking(hub), a_waiting_run(hub)
    browser = Browser.of(hub, Role.VIEWER)

    everything = shown_runs(browser.get("/admin/runs"))
    assert everything[0] == f"/admin/runs/{waiting}"
    assert f"/admin/runs/{booked}" in everything
    assert shown_runs(browser.get("/admin/runs?workflow=vapi-call-ended")) == everything[:1]
    assert shown_runs(browser.get("/admin/runs?status=queued")) == everything[:1]
    assert shown_runs(browser.get("/admin/runs?status=failed")) == []
    assert shown_runs(browser.get("/admin/runs?period=1h")) == everything
    assert browser.get("/admin/runs?status=odd&period=x&after=y_z").status == 200


def test_runs_of_a_time_are_listed_by_the_clock_of_the_project(hub: Story):
    with hub.transaction() as db:
        db.execute(MANY, {"many": 60})
        db.execute(  # the eleventh of March 2025, a minute apart from 14:00 in New York
            text(
                "UPDATE runs SET created_at = CAST('2025-03-11T18:00:00Z' AS timestamptz)"
                " + (n - 1) * interval '1 minute' FROM"
                " (SELECT id, row_number() OVER (ORDER BY id) AS n FROM runs) AS numbered"
                " WHERE numbered.id = runs.id"
            )
        )
    browser = Browser.of(hub, Role.VIEWER)

    def between(since: str, until: str) -> int:
        asked = urlencode({"from": since, "until": until})
        page = browser.get(f"/admin/runs?{asked}")
        fields = {
            each.attributes["name"]: each.attributes["value"]
            for each in page.elements
            if each.attributes.get("type") == "datetime-local"
        }
        assert page.status == 200
        if since.startswith("2025"):
            assert fields["from"] == "2025-03-11T14:10"
        return len(shown_runs(page))

    assert between("2025-03-11T14:10", "2025-03-11T14:20") == 10
    assert between("2025-03-11T18:10:00Z", "2025-03-11T18:20:30Z") == 11
    assert between("2025-03-11T14:10", "2024-03-11T14:20") == 0
    assert between("2025-03-11T14:10", "") == 50
    for odd in ("x", "0001-01-01T00:00", "9999-12-31T23:59"):
        assert between("", odd) in {0, 50}
    page = browser.get("/admin/runs?from=2025-03-11T14:00&until=2025-03-11T14:55")
    (older,) = [link for link in page.links() if "after=" in link]
    assert len(shown_runs(browser.get(older))) == 5


def test_older_runs_are_a_page_away_and_none_is_missed_or_shown_twice(hub: Story):
    with hub.transaction() as db:
        db.execute(MANY, {"many": 120})
    browser = Browser.of(hub, Role.VIEWER)

    page, seen = browser.get("/admin/runs"), []
    while True:
        seen += shown_runs(page)
        older = [link for link in page.links() if "after=" in link]
        if not older:
            break
        page = browser.get(older[0])

    assert len(seen) == len(set(seen)) == 120


def test_a_run_is_found_by_the_beginning_of_its_id_or_by_its_request(hub: Story):
    run = a_booking(hub)
    delivery = hub.delivery(run)
    browser = Browser.of(hub, Role.VIEWER)

    for wanted in (str(run), str(run).upper(), str(run)[:13], str(delivery.id)):
        assert f"/admin/runs/{run}" in shown_runs(browser.get(f"/admin/runs?q={wanted}")), wanted
    assert shown_runs(browser.get("/admin/runs?q=ffffffff")) == []


def test_what_a_request_said_is_found_by_who_may_reveal_it_and_by_nobody_else(hub: Story):
    run = a_booking(hub)
    wanted = "/admin/runs?q=2025-12-03t19"

    assert shown_runs(Browser.of(hub, Role.OPERATOR).get(wanted)) == [f"/admin/runs/{run}"]
    assert shown_runs(Browser.of(hub, Role.VIEWER).get(wanted)) == []


@pytest.mark.parametrize("said", ["%", "_", "\\", "100%", "'; DROP TABLE runs; --", "\u00eb"])
def test_a_search_takes_every_sign_as_itself(hub: Story, said: str):
    a_booking(hub)

    page = Browser.of(hub, Role.OPERATOR).get(f"/admin/runs?{urlencode({'q': said})}")

    assert page.status == 200
    assert (said == "_") == (len(shown_runs(page)) > 0)  # it stands in the names of members


def test_a_search_for_a_text_says_how_far_it_looked_and_goes_on(hub: Story, monkeypatch):
    run = a_booking(hub)
    with hub.transaction() as db:
        db.execute(text("UPDATE runs SET created_at = now() - interval '1 day'"))
        db.execute(MANY, {"many": 30})
    monkeypatch.setattr(finding_runs, "LOOKED_THROUGH", 20)
    browser = Browser.of(hub, Role.OPERATOR)

    page = browser.get("/admin/runs?q=2025-12-03t19")
    assert shown_runs(page) == []
    assert "No run is like that back to" in page.text

    for _ in range(3):
        further = [link for link in page.links() if "after=" in link]
        if shown_runs(page) or not further:
            break
        page = browser.get(further[0])
    assert shown_runs(page) == [f"/admin/runs/{run}"]


# ----------------------------------------------------------------------------------------- one run


def test_a_run_is_told_with_its_steps_its_request_and_what_the_caller_heard(hub: Story):
    run = a_booking(hub)

    page = Browser.of(hub, Role.VIEWER).get(f"/admin/runs/{run}")

    assert page.status == 200
    for said in ("vapi-appointment-booked", "succeeded", "appointments.book", "POST /webhook"):
        assert said in page.text
    bars = [each for each in page.elements if each.name == "rect"]
    assert len(bars) >= 5
    for bar in bars:
        assert 0 <= float(bar.attributes["x"]) <= 100
        assert 0 < float(bar.attributes["width"]) <= 100.6


def test_what_callers_sent_stays_covered_until_somebody_who_may_reveals_it(hub: Story):
    run = a_booking(hub)
    viewer, operator = Browser.of(hub, Role.VIEWER), Browser.of(hub, Role.OPERATOR)
    address, secret = f"/admin/runs/{run}", "2025-12-03"

    for browser in (viewer, operator):
        page = browser.get(address)
        assert secret not in page.html
        assert "\u2022\u2022\u2022" in page.text
    assert f"{address}/reveal" not in viewer.get(address).actions()

    revealed = operator.submit(operator.get(address), f"{address}/reveal")

    assert secret in revealed.text
    assert acts(hub)[-1] == ("operator@example.com", "console reveal")
    assert secret not in operator.get(address).html


def test_S6_secrets_are_hidden_also_from_who_reveals(hub: Story):
    run = a_booking(hub)
    admin = Browser.of(hub, Role.ADMIN)

    page = admin.submit(admin.get(f"/admin/runs/{run}"), f"/admin/runs/{run}/reveal")

    assert page.status == 200
    assert hub.hub.settings.environment["VAPI_WEBHOOK_SECRET"] not in page.html


def test_an_operator_cancels_a_run_that_goes_on(hub: Story):
    run = a_waiting_run(hub)
    operator = Browser.of(hub, Role.OPERATOR)
    address = f"/admin/runs/{run}"

    answer = operator.submit(operator.get(address), f"{address}/cancel")
    hub.work_all()

    assert answer.location == address
    assert hub.run(run).line.status == "cancelled"
    assert acts(hub)[-1] == ("operator@example.com", "console cancel")
    token = operator.get(address).form("/admin/sign-out").fields
    again = operator.post(f"{address}/cancel", token)
    assert (again.status, "is over" in again.text) == (409, True)


def test_E20_running_again_asks_before_it_repeats_what_left_the_hub(hub: Story):
    run = a_booking(hub)
    operator = Browser.of(hub, Role.OPERATOR)
    address = f"/admin/runs/{run}"

    asked = operator.submit(operator.get(address), f"{address}/retry")
    assert asked.status == 409
    assert "slack.post" in asked.text
    assert len(hub.runs("vapi-appointment-booked")) == 1

    done = operator.submit(asked, f"{address}/retry")
    assert done.status == 303
    assert len(hub.runs("vapi-appointment-booked")) == 2
    assert acts(hub)[-1] == ("operator@example.com", "console retry")
    assert "Repeats" in operator.follow(done).text


def test_E20_a_run_is_run_again_from_a_step_and_keeps_what_was_before(hub: Story):
    run = a_booking(hub)
    address = f"/admin/runs/{run}"
    operator, viewer = Browser.of(hub, Role.OPERATOR), Browser.of(hub, Role.VIEWER)
    assert "Run again" not in viewer.get(address).text

    page = operator.get(address)
    steps = [
        each.attributes["value"] for each in page.elements if each.attributes.get("name") == "from"
    ]
    given = {**page.form(f"{address}/retry").fields, "from": "announce"}
    asked = operator.post(f"{address}/retry", given)
    again = operator.follow(operator.submit(asked, f"{address}/retry"))

    assert {"hold", "announce"} <= set(steps)
    assert (asked.status, "slack.post" in asked.text) == (409, True)
    assert again.status == 200
    new = hub.runs("vapi-appointment-booked")[0].id
    assert new != run
    assert hub.steps(new)["hold"].started_at == hub.steps(run)["hold"].started_at
    refused = operator.post(f"{address}/retry", {**given, "from": "nowhere"})
    assert (refused.status, "did not reach a step nowhere" in refused.text) == (409, True)


def test_a_run_that_is_not_there_is_a_page_with_a_sentence(hub: Story):
    viewer = Browser.of(hub, Role.VIEWER)

    assert viewer.get(f"/admin/runs/{UUID(int=7)}").status == 404
    assert "no such run" in viewer.get(f"/admin/runs/{UUID(int=7)}").text
    assert viewer.get("/admin/runs/no-id").status == 404


# ------------------------------------------------------------------------------------ hostile data


def structure(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.name, tuple(sorted(each.attributes))) for each in page.elements]


def test_S11_whatever_stands_in_a_request_is_text_on_every_page(hub: Story):
    admin = Browser.of(hub, Role.ADMIN)

    def pages(said: str, call: str) -> list[Page]:
        body = {"callId": call, "leadId": said, "outcome": said, "notes": {said: [said]}}
        hub.voice_agent("vapi-call-ended", body)
        hub.broker("lead-phone", {"lead_id": said})
        with hub.transaction() as db:
            db.execute(
                text(
                    "INSERT INTO runs (id, workflow, version, status, mode, trigger, error,"
                    " created_at, ended_at, deadline, dedupe_key) VALUES (gen_random_uuid(), :said,"
                    " :said, 'failed', 'live', '{}', jsonb_build_object('code',"
                    " CAST(:said AS text), 'step', CAST(:said AS text)),"
                    " now(), now(), now(), :said)"
                ),
                {"said": said},
            )
        newest = shown_runs(admin.get("/admin/runs"))[0]
        seen = [admin.get(newest), admin.get("/admin/runs?status=failed")]
        seen.append(admin.submit(seen[0], f"{newest}/reveal"))
        return seen

    calm, hostile = pages("x", "c-1"), pages(HOSTILE, "c-2")

    assert structure(calm[0]) == structure(hostile[0])
    assert structure(calm[2]) == structure(hostile[2])
    for page in (*hostile, admin.get("/admin"), Browser.at(hub).sign_in(HOSTILE)):
        assert "<script>alert" not in page.html
        assert "49" not in [each.text.strip() for each in page.elements]
        for element in page.elements:
            assert not {name for name in element.attributes if name.startswith("on")}
            for name in ("href", "src", "action"):
                assert not element.attributes.get(name, "").lower().startswith("javascript")


def test_S11_a_search_for_markup_finds_nothing_and_shows_text(hub: Story):
    page = Browser.of(hub, Role.ADMIN).get(f"/admin/runs?q={quote(HOSTILE[:90])}")

    assert page.status == 200
    (field,) = [each for each in page.elements if each.attributes.get("id") == "q"]
    assert field.attributes["value"] == HOSTILE[:90].replace("\u202e", "").strip()


def test_people_see_times_in_the_zone_of_the_project(hub: Story):
    assert "Times are in America/New_York" in Browser.of(hub, Role.VIEWER).get("/admin/runs").text


def test_a_run_that_goes_on_renews_itself_and_one_that_is_over_does_not(hub: Story):
    over, waiting = a_booking(hub), a_waiting_run(hub)
    viewer = Browser.of(hub, Role.VIEWER)

    assert 'hx-trigger="live"' in viewer.get(f"/admin/runs/{waiting}").html
    assert "hx-trigger" not in viewer.get(f"/admin/runs/{over}").html
    part = viewer.get(f"/admin/runs/{waiting}", headers={"HX-Request": "true"})
    assert "<html" not in part.html


def test_a_part_asks_the_whole_page_to_sign_in_when_the_session_is_over(hub: Story):
    browser = Browser.of(hub, Role.VIEWER)
    hub.clock.advance(timedelta(hours=9))

    part = browser.get("/admin/pulse", headers={"HX-Request": "true"})

    assert part.status == 401
    assert part.headers["HX-Redirect"].startswith("/admin/sign-in")
