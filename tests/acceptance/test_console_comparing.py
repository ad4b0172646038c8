"""Replaying a run in `simulate`, and two runs side by side."""

from __future__ import annotations

from uuid import UUID, uuid4

from hub.people.roles import Role
from hub.storage import audit
from tests.acceptance.browser import Browser, Page
from tests.acceptance.story import DAY, SAMPLE_TIME, Story


def a_booking(hub: Story) -> UUID:
    hub.books(hub.holder("Zoë"), SAMPLE_TIME)
    return hub.runs("vapi-appointment-booked")[0].id


def acts(hub: Story) -> list[tuple[str, str]]:
    with hub.transaction() as db:
        return [(row.who, row.action) for row in audit.newest(db, limit=50)][::-1]


def compared(page: Page) -> list[str]:
    return [
        each.attributes["class"]
        for each in page.elements
        if each.name == "li" and each.attributes.get("class") in {"same", "differs"}
    ]


def test_a_run_is_replayed_in_simulate_and_seen_beside_itself(hub: Story):
    run, operator = a_booking(hub), Browser.of(hub, Role.OPERATOR)
    said, address = list(hub.slack.messages), f"/admin/runs/{run}"

    answer = operator.submit(operator.get(address), f"{address}/replay")
    hub.work_all()

    newest = hub.runs("vapi-appointment-booked")[0]
    assert answer.location == f"{address}/compare?with={newest.id}"
    assert (newest.mode, newest.status, newest.dedupe_key) == ("simulate", "succeeded", None)
    assert newest.retry_of is None
    assert hub.slack.messages == said
    assert acts(hub)[-1] == ("operator@example.com", "console replay")
    page = operator.get(answer.location)
    assert page.status == 200
    assert compared(page)
    assert "simulated" in page.text


def test_what_differs_between_two_runs_is_marked_and_its_values_are_covered(hub: Story):
    first = a_booking(hub)
    hub.books(hub.holder("Grace"), SAMPLE_TIME + DAY)
    second = hub.runs("vapi-appointment-booked")[0].id
    address = f"/admin/runs/{first}/compare"
    operator = Browser.of(hub, Role.OPERATOR)

    page = operator.get(f"{address}?with={second}")
    assert "in differs" in page.text
    assert "differs" in compared(page)
    assert "2025-12-03" not in page.html
    assert set(compared(operator.get(f"{address}?with={first}"))) == {"same"}
    assert (
        f"{address}/reveal"
        not in Browser.of(hub, Role.VIEWER).get(f"{address}?with={second}").actions()
    )

    revealed = operator.submit(page, f"{address}/reveal")

    assert "2025-12-03" in revealed.text
    assert "2025-12-04" in revealed.text
    assert acts(hub)[-2:] == [("operator@example.com", "console reveal")] * 2


def test_only_runs_that_are_there_are_compared(hub: Story):
    run, viewer = a_booking(hub), Browser.of(hub, Role.VIEWER)

    assert viewer.get(f"/admin/runs/{run}/compare?with={uuid4()}").status == 404
    assert viewer.get(f"/admin/runs/{uuid4()}/compare?with={run}").status == 404
    odd = viewer.get(f"/admin/runs/{run}/compare?with=x")
    assert (odd.status, "whole id" in odd.text) == (409, True)


def test_what_the_first_page_loads_is_loaded_beside_the_requests_of_others(hub: Story):
    handed: list[str] = []

    def aside(work):
        handed.append(getattr(work, "__name__", ""))
        return work()

    client = hub.client.application.test_client()
    for _ in range(2):
        client.get("/admin/sign-in", environ_overrides={"hub.aside": aside})

    assert handed == ["_load_console"]
