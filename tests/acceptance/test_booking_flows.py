"""Bookings as callers see them: over HTTP, with keys of tenants, by many at once."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.domain.bookings import demo_data, monitor, tenants
from hub.values import caller_key
from tests.acceptance.conftest import OpenStory
from tests.acceptance.messages import SECRETS, Answer
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal

FRIDAY = datetime(2025, 11, 21, tzinfo=UTC)  # the story begins on Thursday at noon
ADA = {"name": "Ada", "email": "ada@example.com", "timezone": "Europe/Paris"}
BOB = {"name": "Bob", "email": "bob@example.net"}


@dataclass(frozen=True)
class Bookings:
    """A story with the tenants of the demonstration, and a key for each."""

    story: Story
    keys: Mapping[UUID, str]

    def book(self, service: UUID, start: datetime, client: Mapping[str, str] = ADA) -> Answer:
        body = {"start": start.isoformat(), "client": client}
        return self.story.post(f"/services/{service}/book", body)

    def free(self, service: UUID, day: str) -> list[str]:
        path = f"/services/{service}/availability?first={day}&last={day}"
        return [slot["start"] for slot in self.get(path).json["slots"]]

    def get(self, path: str, *, tenant: UUID | None = None) -> Answer:
        with self.story.worker_at_work():
            got = self.story.client.get(path, headers=self.header(tenant))
        return Answer(got.status_code, dict(got.headers), got.data)

    def staff(self, tenant: UUID, path: str, body: Any = None) -> Answer:
        return self.story.post(path, body or {}, headers=self.header(tenant))

    def header(self, tenant: UUID | None) -> dict[str, str]:
        return {} if tenant is None else {"Authorization": f"Bearer {self.keys[tenant]}"}

    def status(self, job: str) -> str:
        (row,) = (row for row in self.story.rows(_jobs()) if str(row.id) == job)
        return str(row.status)


def _jobs() -> Any:
    from hub.storage.tables import jobs  # noqa: PLC0415 - a name that is also a module's

    return jobs


@pytest.fixture
def bookings(open_story: OpenStory) -> Any:
    story = open_story(mode="simulate")
    keys = {}
    with story.transaction() as db:
        demo_data.load(db, story.clock)
        for tenant in (demo_data.HEATING, demo_data.STUDIO):
            key_id = f"key-{tenant}"
            tenants.add_key(db, key_id=key_id, tenant_id=tenant, label="tests")
            keys[tenant] = caller_key(key_id, SECRETS["TENANT_KEY_SECRET"].encode())
    yield Bookings(story, keys)
    with story.transaction() as db:
        assert monitor.faults(db) == []


def test_K02_K11_a_service_is_booked_and_the_same_time_is_refused_to_others(bookings: Bookings):
    day = "2025-11-21"
    start = datetime.fromisoformat(bookings.free(demo_data.ADVICE, day)[0])

    booked = bookings.book(demo_data.ADVICE, start)
    refused = bookings.book(demo_data.ADVICE, start, BOB)
    again = bookings.book(demo_data.ADVICE, start)

    assert (booked.status, booked.json["status"]) == (201, "scheduled")
    assert (refused.status, refused.json) == (409, {"error": "slot_taken"})
    assert (again.status, again.json) == (201, booked.json)
    assert bookings.free(demo_data.ADVICE, day)[0] != booked.json["job_id"]


def test_K12_pending_is_confirmed_by_the_tenant_and_by_nobody_else(bookings: Bookings):
    start = FRIDAY + timedelta(hours=15)  # 10:00 in New York
    job = bookings.book(demo_data.BOILER_CHECK, start).json["job_id"]
    assert bookings.status(job) == "pending-confirmation"

    foreign = bookings.staff(demo_data.STUDIO, f"/jobs/{job}/confirm")
    nobody = bookings.story.post(f"/jobs/{job}/confirm", {})
    mine = bookings.staff(demo_data.HEATING, f"/jobs/{job}/confirm")
    again = bookings.staff(demo_data.HEATING, f"/jobs/{job}/confirm")

    assert (foreign.status, nobody.status) == (404, 401)
    assert (mine.status, again.status) == (200, 200)
    assert bookings.status(job) == "scheduled"
    assert bookings.staff(demo_data.HEATING, f"/jobs/{job}/decline").status == 409  # K-14


def test_K13_declined_with_a_reason_the_time_can_be_booked_again(bookings: Bookings):
    start = FRIDAY + timedelta(hours=15)
    job = bookings.book(demo_data.BOILER_CHECK, start).json["job_id"]

    declined = bookings.staff(demo_data.HEATING, f"/jobs/{job}/decline", {"reason": "Closed"})

    assert declined.status == 200
    assert bookings.book(demo_data.BOILER_CHECK, start).status == 201
    (run,) = (run for run in bookings.story.runs("booking-request") if run.status == "succeeded")
    assert bookings.story.run(run.id).result == {"status": "declined"}


def test_K03_X33_staff_are_told_what_is_in_the_way_and_may_book_with_a_reason(bookings: Bookings):
    start = FRIDAY + timedelta(hours=16)
    job = bookings.book(demo_data.ADVICE, start).json["job_id"]
    wanted = {
        "service_id": str(demo_data.ADVICE),
        "start": start.isoformat(),
        "client": BOB,
    }

    refused = bookings.staff(demo_data.HEATING, "/staff/jobs", wanted)
    foreign = bookings.staff(demo_data.STUDIO, "/staff/jobs", wanted)
    forced = {**wanted, "override_reason": "an emergency"}
    booked = bookings.staff(demo_data.HEATING, "/staff/jobs", forced)

    assert (refused.status, refused.json["error"]) == (409, "slot_taken")
    assert [conflict["job_id"] for conflict in refused.json["conflicts"]] == [job]
    assert (foreign.status, foreign.json) == (404, {"error": "unknown service"})
    assert booked.status == 201


def test_K15_K21_the_list_of_a_tenant_has_its_jobs_only(bookings: Bookings):
    bookings.book(demo_data.ADVICE, FRIDAY + timedelta(hours=17))

    mine = bookings.get("/staff/jobs", tenant=demo_data.HEATING)
    theirs = bookings.get("/staff/jobs", tenant=demo_data.STUDIO)

    (line,) = mine.json["jobs"]
    assert (line["label"], line["colour"]) == ("Scheduled", "blue")
    assert theirs.json == {"jobs": []}
    assert bookings.get("/staff/jobs").status == 401


def test_K21_a_revoked_key_speaks_for_nobody(bookings: Bookings):
    with bookings.story.transaction() as db:
        tenants.revoke_key(db, bookings.story.clock, key_id=f"key-{demo_data.HEATING}")

    assert bookings.get("/staff/jobs", tenant=demo_data.HEATING).status == 403


def test_K27_a_job_moves_and_who_waits_for_its_time_gets_it(bookings: Bookings):
    start = datetime(2025, 11, 22, 19, tzinfo=UTC)  # 20:00 in Berlin
    hours = [start + timedelta(minutes=60 * number) for number in range(6)]
    jobs = [
        bookings.book(demo_data.MASSAGE, hour, {"name": "C", "email": f"c{n}@example.com"}).json
        for n, hour in enumerate(hours)
    ]
    wanted = {
        "client": ADA,
        "wanted_from": start.isoformat(),
        "wanted_until": (start + timedelta(hours=6)).isoformat(),
    }
    joined = bookings.story.post(f"/services/{demo_data.MASSAGE}/waiting-list", wanted)
    assert (joined.status, joined.json["status"]) == (201, "waiting")
    later = {"start": datetime(2025, 11, 23, 13, tzinfo=UTC).isoformat(), "from_version": 1}

    moved = bookings.staff(demo_data.STUDIO, f"/staff/jobs/{jobs[2]['job_id']}/move", later)

    assert (moved.status, moved.json["version"]) == (200, 2)
    (told,) = bookings.story.runs("mail-waiting-list-offer")
    assert told.status == "succeeded"
    late = bookings.story.post("/client/waiting-list/leave", {"token": joined.json["leave_token"]})
    assert (late.status, late.json) == (200, {"status": "left"})
    assert bookings.free(demo_data.MASSAGE, "2025-11-22") != []


def test_K15_a_job_goes_its_way_and_nobody_can_stay_away_before_it_begins(bookings: Bookings):
    start = FRIDAY + timedelta(hours=17)
    job = bookings.book(demo_data.ADVICE, start).json["job_id"]
    go = f"/staff/jobs/{job}/progress"

    assert bookings.staff(demo_data.HEATING, f"{go}/no-show").status == 409
    assert bookings.staff(demo_data.HEATING, f"{go}/complete").status == 409
    assert bookings.staff(demo_data.HEATING, f"{go}/start").status == 200
    assert bookings.staff(demo_data.HEATING, f"{go}/complete").status == 200
    assert bookings.status(job) == "completed"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"start": "2025-11-21T15:00:00Z", "client": {"name": "Ada"}}, 422),
        ({"start": "tomorrow", "client": ADA}, 422),
        ({"start": "2025-11-21T15:00:00", "client": ADA}, 422),
        ({"start": "2025-11-19T15:00:00Z", "client": ADA}, 409),
        ({"start": "2025-11-21T15:07:00Z", "client": ADA}, 409),
    ],
)
def test_what_cannot_be_a_booking_is_refused_and_nothing_is_stored(
    bookings: Bookings, body: Any, status: int
):
    answer = bookings.story.post(f"/services/{demo_data.ADVICE}/book", body)

    assert answer.status == status
    assert bookings.story.rows(_jobs()) == []


def test_a_service_that_is_not_there_or_not_offered_any_more(bookings: Bookings):
    start = FRIDAY + timedelta(hours=15)

    assert bookings.book(uuid4(), start).status == 404
    assert bookings.book(demo_data.OLD_COURSE, start).json == {"error": "inactive"}


def test_K24_the_figures_of_a_tenant(bookings: Bookings, terminal_of: Any):
    for number in range(3):
        bookings.book(demo_data.ADVICE, FRIDAY + timedelta(hours=16 + number))
    bookings.book(demo_data.ADVICE, FRIDAY + timedelta(hours=16), BOB)
    path = "/staff/figures?first=2025-11-01T00:00:00Z&last=2099-01-01T00:00:00Z"

    answer = bookings.get(path, tenant=demo_data.HEATING)

    values = {each["name"]: each.get("value") for each in answer.json["figures"]}
    assert (values["bookings"], values["double bookings"]) == (3, 0)
    assert values["requests that became bookings"] == 75.0
    assert values["requests that failed"] == 0
    terminal = terminal_of(bookings.story)
    assert [line["client_name"] for line in terminal.type("bookings", "list", "--json").lines] == [
        "Ada"
    ] * 3
    assert terminal.type("bookings", "check").out == "no fault was found\n"


@pytest.fixture
def terminal_of() -> Any:
    return Terminal.of


# ------------------------------------------------------------------------------- the command line


def test_an_operator_sets_up_a_tenant_and_gives_out_a_key(
    hub: Story, terminal: Terminal, tmp_path: Any
):
    tenant, service = str(uuid4()), str(uuid4())
    file = tmp_path / "acme.json"
    wanted = {
        "tenant": {"id": tenant, "name": "Acme", "timezone": "UTC"},
        "services": [
            {
                "id": service,
                "name": "Boiler check",
                "contractor_name": "Bob",
                "contractor_email": "bob@example.com",
                "weekly": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
            }
        ],
    }
    file.write_text(json.dumps(wanted))

    assert terminal.type("bookings", "set-up", file).out == "Acme has 1 services of this file\n"
    made = terminal.type("bookings", "keys", "add", "--tenant", tenant, "--label", "desk", "--json")
    header = {"Authorization": f"Bearer {made.json['key']}"}
    with hub.worker_at_work():
        assert hub.client.get("/staff/jobs", headers=header).json == {"jobs": []}
    assert terminal.type("bookings", "keys", "list", "--json").json["label"] == "desk"
    assert terminal.type("bookings", "keys", "revoke", made.json["id"]).out == "revoked\n"
    with hub.worker_at_work():
        assert hub.client.get("/staff/jobs", headers=header).status_code == 403
    assert terminal.type("bookings", "pending").out == "there are no such bookings\n"
    assert terminal.type("bookings", "stats", "--json").json["tenant_id"] == tenant


def test_the_demonstration_is_loaded_twice_and_is_there_once(terminal: Terminal):
    first = terminal.type("bookings", "demo-data", "--json").json
    again = terminal.type("bookings", "demo-data", "--json").json

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["services"] == again["services"]
    assert len(first["tenants"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("bookings", "list", "--tenant", str(UUID(int=7))),
        ("bookings", "keys", "revoke", "key-of-nobody"),
        ("bookings", "keys", "add", "--tenant", str(UUID(int=7)), "--label", "x"),
        ("bookings", "set-up", "hub.yaml"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(terminal: Terminal, words: Any):
    words = [str(terminal.project / word) if word == "hub.yaml" else word for word in words]
    typed = terminal.type(*words)

    assert typed.code == 1
    assert typed.err.startswith("hub: ")
    assert typed.err.count("\n") == 1


def test_K24_a_booking_is_answered_quickly(bookings: Bookings, figure: Any):
    took = []
    for number in range(9):
        start = FRIDAY + timedelta(hours=16, minutes=15 * number)
        began = perf_counter()
        answer = bookings.book(demo_data.ADVICE, start, {"name": "C", "email": f"c{number}@x.org"})
        took.append(1000 * (perf_counter() - began))
        assert answer.status == 201

    figure(
        "K24 bookings",
        f"9 bookings, request to end of run: median {statistics.median(took):.0f} ms",
    )
