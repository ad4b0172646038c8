"""Streams of the console at the real server: what they hold, and how they end (E14)."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from uuid import uuid4

from hub.people.tokens import digest_of, new_token
from hub.storage import console_sessions, people
from hub.storage.db import DatabaseClock
from tests.processes.house import House

MANY = 40
_LIVE = re.compile(r'data-live="([^"]+)" data-seen="([0-9a-f]+)"')


def signed_in(house: House) -> str:
    """The cookie of a viewer."""
    token = new_token()
    with house.database.begin() as db:
        people.keep(db, id_=uuid4(), email="ada@example.com", role="viewer", password_hash="none")
        person = people.find(db, "ada@example.com")
        assert person is not None
        now = DatabaseClock(db).now()
        console_sessions.begin(
            db, digest=digest_of(token), person=person.id, origin="here", now=now
        )
    return f"hub_session={token}"


@contextmanager
def asked(house: House, path: str, cookie: str) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Cookie": cookie})
        with connection.getresponse() as answer:
            yield answer


def heard(answer: http.client.HTTPResponse) -> str:
    """The next thing that is told."""
    while not (line := answer.readline().decode()).startswith("event: "):
        assert line, "the stream ended"
    return line.removeprefix("event: ").strip()


def test_many_who_watch_runs_hold_no_connection_hear_of_the_next_one_and_end_with_the_process(
    house: House,
):
    web = house.wait_for_web(house.start("web", HUB_WEB_CONNECTIONS="2"))
    cookie = signed_in(house)
    with asked(house, "/admin/runs", cookie) as page:
        found = _LIVE.search(page.read().decode())
    assert found is not None
    with ExitStack() as open_:
        stream = f"{found[1]}?seen={found[2]}"
        answers = [open_.enter_context(asked(house, stream, cookie)) for _ in range(MANY)]
        assert {each.status for each in answers} == {200}

        assert house.call_ends(house.lead(), "call-1").status_code == 202

        assert {heard(each) for each in answers} == {"changed"}
        # 2 for webhooks, 3 for pages, 1 that hears of answers
        assert 1 <= house.count("FROM pg_stat_activity WHERE application_name ~ '^hub-'") <= 6
        assert web.terminate() == 0
        for each in answers:
            each.read()  # to its end: nothing was cut
