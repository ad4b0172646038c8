"""Streams of the console: they tell that something changed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest

from hub.people.roles import Role
from hub.web.console import live
from tests.acceptance.browser import ADDRESS, Browser
from tests.acceptance.real_browser import stop_looking
from tests.acceptance.story import Story
from tests.acceptance.test_console_roles import console_of
from tests.acceptance.test_console_runs import HOSTILE, a_waiting_run

LIST = "/admin/runs/live"


def part(page: Any) -> dict[str, str]:
    """The part of a page that is live."""
    (found,) = [each.attributes for each in page.elements if "data-live" in each.attributes]
    return cast("dict[str, str]", found)


def stream(browser: Browser, address: str, seen: str, **headers: str) -> Any:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    sign = "&" if "?" in address else "?"
    return browser.client.get(
        f"{address}{sign}seen={seen}",
        headers=said,
        environ_base={"REMOTE_ADDR": ADDRESS},
        buffered=False,
    )


def told(answer: Any) -> Iterator[dict[str, str]]:
    """Each thing it tells."""
    for piece in answer.response:
        lines = dict(line.split(": ", 1) for line in piece.decode().splitlines() if ": " in line)
        if "event" in lines:
            yield lines


@pytest.fixture(autouse=True)
def _nobody_looks_at_the_end(hub: Story) -> Iterator[None]:
    yield
    stop_looking(hub)


@pytest.fixture
def viewer(hub: Story) -> Browser:
    return Browser.of(hub, Role.VIEWER)


def test_a_page_of_a_run_hears_that_it_went_on_and_shows_the_same_mark(hub: Story, viewer: Browser):
    page = f"/admin/runs/{a_waiting_run(hub)}"
    shown = part(viewer.get(page))
    answer = stream(viewer, shown["data-live"], shown["data-seen"])
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"

    hub.work_all()
    said = next(told(answer))
    answer.close()

    assert said == {"id": said["id"], "event": "changed", "data": "look again"}
    assert said["id"] != shown["data-seen"]
    after = viewer.get(page)
    assert "succeeded" in after.text
    assert not [each for each in after.elements if "data-live" in each.attributes]  # it is over


def test_the_list_hears_of_what_its_filter_shows_and_of_nothing_else(hub: Story, viewer: Browser):
    hub.holder()
    shown = part(viewer.get("/admin/runs?workflow=vapi-call-ended"))
    answer = stream(viewer, shown["data-live"], shown["data-seen"])
    hub.gives_phone(hub.lead())

    (other,) = circle(hub).readers.values()
    circle(hub).look()
    assert other.take(0) == []
    a_waiting_run(hub)
    said = next(told(answer))
    answer.close()

    assert said["event"] == "changed"
    assert part(viewer.get("/admin/runs?workflow=vapi-call-ended"))["data-seen"] == said["id"]


def test_what_changed_before_it_was_opened_is_told_at_once_and_what_was_seen_is_not_told_again(
    hub: Story, viewer: Browser
):
    shown = part(viewer.get("/admin/runs"))
    a_waiting_run(hub)
    late = stream(viewer, shown["data-live"], shown["data-seen"])
    said = next(told(late))
    late.close()
    again = stream(viewer, shown["data-live"], shown["data-seen"], Last_Event_ID=said["id"])

    (reader,) = circle(hub).readers.values()
    circle(hub).look()

    assert said["event"] == "changed"
    assert reader.take(0) == []
    again.close()
    assert circle(hub).readers == {}


def circle(hub: Story) -> Any:
    (found,) = console_of(hub).circles
    return found


def test_S8_a_stream_is_for_who_may_see_runs_says_what_they_saw_and_ends_within_minutes(
    hub: Story, viewer: Browser
):
    nobodys = f"/admin/runs/{UUID(int=1)}/live"

    assert stream(Browser.at(hub), LIST, "0").status_code == 303
    for seen in ("", "x", "a" * 33, "<b>"):
        assert stream(viewer, LIST, seen).status_code == 400
    assert stream(viewer, nobodys, "0").status_code == 404
    assert live.LONGEST <= 300.0
    # what is looked for, and what lies further back, is not live
    for question in ("q=0123456789abcdef", "after=2025-10-20T12:00:00Z_" + str(UUID(int=1))):
        page = viewer.get(f"/admin/runs?{question}")
        assert not [each for each in page.elements if "data-live" in each.attributes]


def test_there_are_only_so_many_streams(hub: Story, viewer: Browser, monkeypatch):
    monkeypatch.setattr(circle(hub), "_most", 1)
    first = stream(viewer, LIST, "0")

    refused = stream(viewer, LIST, "0")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    first.close()
    last = stream(viewer, LIST, "0")
    assert last.status_code == 200
    last.close()


def test_S11_nothing_that_a_caller_sent_is_told(hub: Story, viewer: Browser):
    shown = part(viewer.get("/admin/runs"))
    answer = stream(viewer, shown["data-live"], shown["data-seen"])
    hub.call_ends(hub.holder(HOSTILE), "no_answer", transcript=HOSTILE)

    pieces = [next(answer.response), next(answer.response)]
    answer.close()

    assert b"".join(pieces).isascii()
    assert b"<" not in b"".join(pieces)
    assert HOSTILE not in viewer.get("/admin/runs").html
