"""Event streams at the real server: cut, many at once, and at the end of a process (C-20, C-21)."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from hub.storage import events
from tests.figures import Figure
from tests.processes.house import House, until

TOKEN = "read-token-of-the-process-tests"
NAME = "booking.confirmed"
MANY = 200


@pytest.fixture(autouse=True)
def _no_event_without_its_step(house: House) -> Iterator[None]:
    """The events of these tests are nobody's: they go before the house is looked through."""
    yield
    house.do("DELETE FROM events")


def start_web(house: House, **changed: str) -> Any:
    web = house.start("web", APP_READ_TOKEN=TOKEN, **changed)
    return house.wait_for_web(web)


class Stream:
    """One client: it reads line by line, and a cut is a closed socket."""

    def __init__(self, house: House, key: str, last: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self._connection.request("GET", f"/api/v1/bookings/{key}/events", headers=headers)
        self.answer = self._connection.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            assert self.answer.readline().startswith(b"retry: ")

    def event(self) -> tuple[str, Any]:
        """The next event: its id and data."""
        told: dict[str, str] = {}
        while line := self.answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if not name and "data" in told:
                return told["id"], json.loads(told["data"])["data"]
            told[name] = value
        raise AssertionError("the stream ended")

    def rest(self) -> bytes:
        """What comes until the server ends it."""
        return self.answer.read()

    def cut(self) -> None:
        self.answer.close()
        self._connection.close()


@contextmanager
def watching(house: House, keys: list[str]) -> Iterator[list[Stream]]:
    streams = [Stream(house, key) for key in keys]
    try:
        yield streams
    finally:
        for each in streams:
            each.cut()


def emit(house: House, key: str, number: int) -> None:
    """What a step `emit` does, in a run that was accepted."""
    if not house.count("FROM runs"):
        house.call_ends(house.lead(), "call-1")
    run, path = house.rows("SELECT id FROM runs LIMIT 1")[0].id, uuid4().hex
    with house.database.begin() as connection:
        data = {"provider_name": "Acme", "n": number}
        events.emit(connection, name=NAME, key=key, data=data, run_id=run, path=path)


def test_C21_a_cut_loses_nothing_and_repeats_nothing(house: House):
    start_web(house)
    key = str(uuid4())
    stream = Stream(house, key)
    emit(house, key, 1)
    first, data = stream.event()
    assert data["n"] == 1
    stream.cut()
    emit(house, key, 2)
    emit(house, str(uuid4()), 99)

    again = Stream(house, key, last=first)
    emit(house, key, 3)

    heard = [again.event(), again.event()]
    assert [data["n"] for _, data in heard] == [2, 3]
    again.cut()


def test_C20_hundreds_of_streams_hold_no_thread_and_no_connection_of_the_database(
    house: House, figure: Figure
):
    """One process, two connections for its requests: 200 watch, and others are served meanwhile."""
    start_web(house, HUB_WEB_CONNECTIONS="2")
    keys = [str(uuid4()) for _ in range(MANY)]
    with watching(house, keys) as streams:
        assert house.caller.get(f"{house.url}/readyz").status_code == 200
        assert house.call_ends(house.lead(), "call-2").status_code == 202
        held = house.count("FROM pg_stat_activity WHERE application_name = 'hub-web'")
        for number, key in enumerate(keys):
            if number % 50 == 0:
                emit(house, key, number)
        heard = [streams[number].event()[1]["n"] for number in range(0, MANY, 50)]

    assert heard == [0, 50, 100, 150]
    assert held <= 3
    figure("C-20", f"{MANY} streams of one web process hold {held} database connections")


def test_there_are_only_so_many_streams_and_a_reader_that_is_gone_frees_its_place(house: House):
    start_web(house, HUB_MOST_STREAMS="2")
    with watching(house, [str(uuid4()) for _ in range(2)]) as streams:
        refused = Stream(house, str(uuid4()))
        assert (refused.status, refused.answer.headers["Retry-After"]) == (503, "5")
        refused.cut()
        assert house.caller.get(f"{house.url}/api/v1/bookings/1/events").status_code == 401
        gone = streams[0]
        gone.cut()
    key = str(uuid4())
    for _ in range(3):
        emit(house, key, 1)  # a server sees that a reader is gone when it says something

    def has_place() -> bool:
        tried = Stream(house, key)
        tried.cut()
        return tried.status == 200

    until(has_place, "a place that is free again")


def test_E14_streams_end_cleanly_with_their_process_and_clients_go_on_at_the_next_one(
    house: House,
):
    web = start_web(house)
    key = str(uuid4())
    with watching(house, [key, str(uuid4())]) as streams:
        emit(house, key, 1)
        last, _ = streams[0].event()

        code = web.terminate()

        assert code == 0
        assert [each.rest().strip() for each in streams] == [b"", b""]
    emit(house, key, 2)
    start_web(house)
    again = Stream(house, key, last=last)
    assert again.event()[1]["n"] == 2
    again.cut()
