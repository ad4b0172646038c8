"""The stream of a booking, from the click to the event (C-20, C-21), and who may watch it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from hub.web.app import HubApp
from tests.acceptance.call_center import LIVE, READER, CallCenter, Request, lead_to, secrets_of
from tests.acceptance.conftest import OpenStory
from tests.fakes.ports import port_of
from tests.fakes.twilio import FakeTwilio
from tests.fakes.vapi import FakeVapi

BEARER = {"Authorization": f"Bearer {READER}"}


@pytest.fixture
def opened(open_story: OpenStory, project: Path) -> Iterator[Callable[..., CallCenter]]:
    with FakeVapi().at(port_of("vapi")) as vapi, FakeTwilio().at(port_of("twilio")) as twilio:
        lead_to(project, vapi, twilio)

        def open_it(**environment: str) -> CallCenter:
            story = open_story(**{**secrets_of(vapi, twilio), **LIVE, **environment})
            return CallCenter(story, vapi, twilio)

        yield open_it


@pytest.fixture
def center(opened: Callable[..., CallCenter]) -> CallCenter:
    return opened()


def place(request: Request) -> str:
    return f"/api/v1/bookings/{request.id}/events"


def watch(center: CallCenter, request: Request, **headers: str) -> Any:
    """The stream, and what it says piece by piece."""
    said = {**BEARER, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return center.story.client.get(place(request), headers=said, buffered=False)


def events(answer: Any, wanted: int) -> list[dict[str, Any]]:
    """The next so many events; comments and hints are skipped."""
    found: list[dict[str, Any]] = []
    for piece in answer.response:
        lines = piece.decode().splitlines()
        told = dict(line.split(": ", 1) for line in lines if ": " in line)
        if "data" in told:
            found.append({**json.loads(told["data"]), "id": told["id"], "event": told["event"]})
        if len(found) == wanted:
            break
    return found


def test_C20_the_event_fires_when_booking_confirmed_turns_true_with_name_date_and_time(
    center: CallCenter,
):
    request, other = center.request(), center.request()
    answer = watch(center, request)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    center.click(request)
    center.ends()
    center.click(other)
    center.ends()

    (event,) = events(answer, 1)

    assert (event["event"], event["key"]) == ("booking.confirmed", str(request.id))
    assert event["data"]["provider_name"] == "Acme Plumbing"
    assert (event["data"]["date"], event["data"]["time"]) == ("Monday, December 15", "9:00")
    answer.close()


def test_C21_who_comes_back_hears_nothing_twice_and_who_comes_late_hears_all(center: CallCenter):
    request = center.request()
    center.click(request)
    center.ends()

    late = watch(center, request)
    (event,) = events(late, 1)
    late.close()
    again = watch(center, request, Last_Event_ID=event["id"])
    pieces = again.response
    assert next(pieces).startswith(b"retry: ")
    board = cast("HubApp", center.story.client.application).streams.board
    board.look()
    (watcher,) = board.readers.values()
    assert watcher.take(0) == []
    again.close()
    assert board.count == 0


def test_nobody_watches_without_the_readers_proof(center: CallCenter):
    request = center.request()
    client = center.story.client

    assert client.get(place(request)).status_code == 401
    wrong = {"Authorization": "Bearer no"}
    answer = client.get(place(request), headers=wrong)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.post(place(request), headers=BEARER).status_code == 405


@pytest.mark.parametrize("told", ["x", "-1", "9" * 20, "1 2", "٣"])
def test_an_id_that_is_none_is_refused(center: CallCenter, told: str):
    request = center.request()

    answer = center.story.client.get(
        place(request), query_string={"last_event_id": told}, headers=BEARER
    )

    assert answer.status_code == 400


def test_there_are_only_so_many_streams(opened: Callable[..., CallCenter]):
    center = opened(HUB_MOST_STREAMS="2")
    open_ones = [watch(center, center.request()) for _ in range(2)]

    refused = watch(center, center.request())

    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    for each in open_ones:
        next(iter(each.response))
        each.close()
    free = watch(center, center.request())
    assert free.status_code == 200
    free.close()
