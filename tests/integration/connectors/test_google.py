"""google_calendar.*, gmail.send and google_sheets.* against a fake Google."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.google.calendar import create_event, delete_event, move_event
from hub.connectors.google.client import GoogleClient
from hub.connectors.google.free_busy import free_slots
from hub.connectors.google.gmail import send
from hub.connectors.google.sheets import append, find, update
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.google import key_file
from tests.fakes.google_errors import error, rpc_error
from tests.fakes.services import CUT, Answer

TEAM = "team@group.calendar.google.com"
START = datetime.fromisoformat("2025-11-03T10:00:00+01:00")
END = START + timedelta(minutes=30)
LATER = timedelta(hours=2)


@pytest.fixture
def client(google, http):
    google.calendars.share(TEAM)
    google.sheets.rows["s1"] = {
        "Leads": [["Name", "Phone", "Paid"], ["Ada", "+12025550147", ""], ["Bo", "", True]],
        "Bob's": [["A"]],
        "Empty": [],
    }
    google.delegates.add("ann@example.com")
    settings = ConnectionSettings(
        "office",
        "google",
        base_url=google.url,
        credentials={"service_account_key": key_file()},
        options={"subject": "ann@example.com"},
    )
    return GoogleClient(settings, http)


@pytest.fixture
def create(client, attempt):
    def create(attempt=attempt, **changed):
        given = {"calendar": TEAM, "title": "Viewing", "start": START, "end": END, **changed}
        return create_event(client, attempt, **given)

    return create


def failed(do, *arguments, **given):
    with pytest.raises(StepFailed) as failure:
        do(*arguments, **given)
    found = failure.value
    return type(found), found.code, found.maybe_done


# ---------------------------------------------------------------------------------------- calendar


def test_an_event_is_created_and_its_guests_are_told(google, create):
    made = create(zone="Europe/Berlin", attendees=["ada@example.com"], notify="all")

    (event,) = google.calendars.living(TEAM)
    assert (event["id"], event["summary"]) == (made.event_id, "Viewing")
    assert event["start"] == {"dateTime": "2025-11-03T10:00:00+01:00", "timeZone": "Europe/Berlin"}
    assert event["htmlLink"] == made.link
    assert google.calendars.invited == [("Viewing", "ada@example.com")]


def test_E7_a_repeat_after_a_lost_answer_finds_the_event_of_the_first_try(google, create):
    google.loses_answers()

    assert failed(create) == (Transient, "unavailable", True)
    again = create()

    assert [each["id"] for each in google.calendars.living(TEAM)] == [again.event_id]


def test_another_step_makes_another_event(google, create, attempt):
    assert create() == create()
    create(replace(attempt, key="run-2/steps/book"))

    assert len(google.calendars.living(TEAM)) == 2


def test_an_event_that_somebody_deleted_between_two_tries_is_not_told_as_booked(
    client, attempt, create
):
    made = create()
    delete_event(client, attempt, calendar=TEAM, event_id=made.event_id)

    assert failed(create) == (Permanent, "event_deleted", True)


def test_an_event_is_moved_and_keeps_the_rest(client, attempt, google, create):
    made = create(description="gate 4")
    for _ in range(2):
        moved = move_event(
            client,
            attempt,
            calendar=TEAM,
            event_id=made.event_id,
            start=START + LATER,
            end=END + LATER,
        )

    (event,) = google.calendars.living(TEAM)
    assert moved == made
    assert (event["start"], event["description"]) == (
        {"dateTime": "2025-11-03T12:00:00+01:00"},
        "gate 4",
    )


def test_an_event_of_a_whole_day_gets_a_time(client, attempt, google, create):
    made = create()
    days = {"start": {"date": "2025-11-03"}, "end": {"date": "2025-11-04"}}
    google.calendars.events[TEAM][made.event_id].update(days)

    move_event(client, attempt, calendar=TEAM, event_id=made.event_id, start=START, end=END)

    assert "date" not in google.calendars.living(TEAM)[0]["start"]


def test_a_deleted_event_cannot_be_moved(client, attempt, create):
    given = {"calendar": TEAM, "event_id": create().event_id}
    delete_event(client, attempt, **given)

    moving = {**given, "start": START, "end": END}
    assert failed(move_event, client, attempt, **moving) == (Permanent, "event_deleted", False)


def test_deleting_twice_or_what_never_was_is_done(client, attempt, google, create):
    made = create()
    for event_id in (made.event_id, made.event_id, "never1"):
        delete_event(client, attempt, calendar=TEAM, event_id=event_id)

    assert google.calendars.living(TEAM) == []


def test_deleting_in_a_calendar_that_cannot_be_seen_is_a_failure(client, attempt):
    given = {"calendar": "other@example.com", "event_id": "e1"}

    assert failed(delete_event, client, attempt, **given) == (Permanent, "not_found", False)


@pytest.mark.parametrize("event_id", ["", ".", ".."])
def test_S14_an_event_id_cannot_lead_to_another_path(client, attempt, google, event_id):
    given = {"calendar": TEAM, "event_id": event_id}

    assert failed(delete_event, client, attempt, **given) == (Permanent, "invalid_input", False)
    assert google.nothing_was_sent


def test_S14_a_slash_in_an_id_stays_inside_it(client, attempt, google):
    delete_event(client, attempt, calendar=TEAM, event_id="../../x?y#z")

    paths = {each.path for each in google.requests if each.method == "DELETE"}
    assert {path.rpartition("/")[2] for path in paths} == {"..%2F..%2Fx%3Fy%23z"}


def slots(client, attempt, **changed):
    given = {
        "calendars": [TEAM],
        "from_": datetime.fromisoformat("2025-11-03T00:00:00+01:00"),
        "to": datetime.fromisoformat("2025-11-04T00:00:00+01:00"),
        "duration": timedelta(hours=2),
        "zone": "Europe/Berlin",
        **changed,
    }
    return [each.start.isoformat() for each in free_slots(client, attempt, **given).slots]


def test_free_slots_are_free_in_all_calendars(client, attempt, google):
    google.calendars.share("ann@example.com")
    google.calendars.book(TEAM, "2025-11-03T09:00:00Z", "2025-11-03T10:00:00Z")
    google.calendars.book("ann@example.com", "2025-11-03T13:30:00+01:00", "2025-11-03T14:00:00Z")

    both = slots(client, attempt, calendars=[TEAM, "ann@example.com"])

    assert both == ["2025-11-03T11:00:00+01:00", "2025-11-03T15:00:00+01:00"]
    assert slots(client, attempt, at_most=1) == ["2025-11-03T11:00:00+01:00"]


def test_a_calendar_that_cannot_be_seen_is_never_free(client, attempt):
    given = {"calendars": [TEAM, "hidden@example.com"]}

    assert failed(slots, client, attempt, **given) == (Permanent, "not_found", False)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"calendars": {}},
        {"calendars": {TEAM: {}}},
        {"calendars": {TEAM: {"busy": [{"start": "soon"}]}}},
        {"calendars": {TEAM: {"busy": [], "errors": [{"reason": "internalError"}]}}},
    ],
)
def test_an_answer_that_does_not_tell_is_never_free(client, attempt, google, said):
    google.refuses_with(Answer.of(said))

    assert failed(slots, client, attempt)[:2] == (Transient, "unavailable")


@pytest.mark.parametrize(
    "mistake",
    [
        {"zone": "Mars/Olympus"},
        {"opens": "9"},
        {"opens": "17:00"},
        {"calendars": []},
        {"duration": timedelta(minutes=4)},
        {"step": timedelta(0)},
        {"to": START - timedelta(days=1)},
        {"to": START + timedelta(days=63)},
        {"at_most": 0},
    ],
)
def test_a_mistake_in_the_question_is_told_without_asking(client, attempt, google, mistake):
    assert failed(slots, client, attempt, **mistake) == (Permanent, "invalid_input", False)
    assert google.nothing_was_sent


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(400, "invalid", "no"), (Permanent, "invalid_input", False)),
        (error(403, "rateLimitExceeded", "no"), (Transient, "rate_limited", False)),
        (error(403, "userRateLimitExceeded", "no"), (Transient, "rate_limited", False)),
        (error(403, "quotaExceeded", "no"), (Transient, "rate_limited", False)),
        (error(403, "forbidden", "no"), (Permanent, "unauthorized", False)),
        (error(403, "accessNotConfigured", "no"), (Permanent, "unauthorized", False)),
        (rpc_error(403, "PERMISSION_DENIED", "no"), (Permanent, "unauthorized", False)),
        (rpc_error(403, "RESOURCE_EXHAUSTED", "no"), (Transient, "rate_limited", False)),
        (error(404, "notFound", "no"), (Permanent, "not_found", False)),
        (error(410, "deleted", "no"), (Permanent, "not_found", False)),
        (rpc_error(429, "RESOURCE_EXHAUSTED", "no"), (Transient, "rate_limited", False)),
        (error(500, "backendError", "no"), (Transient, "unavailable", True)),
        (Answer(503, b"<html>"), (Transient, "unavailable", True)),
        (Answer(403, b'{"error": [1]}'), (Permanent, "unauthorized", False)),
        (Answer(200, b"<html>"), (Transient, "unavailable", True)),
        (Answer.of({}), (Transient, "unavailable", True)),
    ],
)
def test_what_google_says_is_the_normal_failure(google, create, answer, expected):
    google.refuses_with(answer)

    assert failed(create) == expected
    assert google.calendars.living(TEAM) == []


@pytest.mark.parametrize("status", [403, 429, 503])
def test_retry_after_is_kept(google, create, status):
    google.refuses_with(error(status, "rateLimitExceeded", "slow down", {"Retry-After": "7"}))

    with pytest.raises(Transient) as failure:
        create()

    assert failure.value.retry_after == timedelta(seconds=7)
    assert "slow down" in failure.value.message


# ------------------------------------------------------------------------------------------- gmail


def test_a_mail_is_sent_from_the_mailbox_of_the_subject(client, attempt, google):
    sent = send(
        client, attempt, to="ada@example.com", subject="Grüße", text="bis 9 Uhr", html="<b>9</b>"
    )

    (mail,) = google.mailbox.sent
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Grüße")
    assert mail.get_body(("plain",)).get_content().strip() == "bis 9 Uhr"
    assert mail.get_body(("html",)).get_content().strip() == "<b>9</b>"
    assert sent.id == sent.thread_id == "18c0000000000001"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": "ada@example.com, eve@example.com"}, "invalid_address"),
        ({"to": "Ada <ada@example.com>"}, "invalid_address"),
        ({"reply_to": "a@b.example\r\nBcc: eve@example.com"}, "invalid_address"),
        ({"subject": "x\r\nBcc: eve@example.com"}, "invalid_input"),
    ],
)
def test_S14_no_data_becomes_a_header_or_a_second_receiver(client, attempt, google, given, code):
    mail = {"to": "ada@example.com", "subject": "s", "text": "t", **given}

    assert failed(send, client, attempt, **mail) == (Permanent, code, False)
    assert google.nothing_was_sent


def test_a_mail_whose_answer_is_lost_may_have_been_sent(client, attempt, google):
    google.loses_answers()
    mail = {"to": "ada@example.com", "subject": "s", "text": "t"}

    assert failed(send, client, attempt, **mail) == (Transient, "unavailable", True)
    assert len(google.mailbox.sent) == 1


# ------------------------------------------------------------------------------------------ sheets

LEADS = {"spreadsheet": "s1", "sheet": "Leads"}


def test_rows_are_found_by_the_names_of_their_columns(client, attempt):
    everybody = find(client, attempt, **LEADS).rows
    ada = find(client, attempt, **LEADS, where={"Phone": "+12025550147"}).rows

    assert [(each.row, each.values) for each in everybody] == [
        (2, {"Name": "Ada", "Phone": "+12025550147"}),
        (3, {"Name": "Bo", "Phone": "", "Paid": "TRUE"}),
    ]
    assert ada == everybody[:1]
    assert find(client, attempt, **LEADS, where={"Paid": ""}).rows == ada
    assert find(client, attempt, **LEADS, at_most=1).rows == ada


def test_a_row_is_appended_and_no_text_becomes_a_formula(client, attempt, google):
    written = append(client, attempt, **LEADS, values={"Paid": 3.5, "Name": "=IMPORTXML(1)"})

    assert written.row == 4
    assert google.sheets.rows["s1"]["Leads"][3] == ["=IMPORTXML(1)", "", 3.5]
    (request,) = [each for each in google.requests if each.path.endswith(":append")]
    assert request.query["valueInputOption"] == ["RAW"]


def test_cells_of_a_row_are_written_and_the_others_stay(client, attempt, google):
    for _ in range(2):
        update(client, attempt, **LEADS, row=2, values={"Paid": True, "Phone": None})

    assert google.sheets.rows["s1"]["Leads"][1] == ["Ada", "", True]


def test_a_sheet_may_be_called_anything(client, attempt, google):
    append(client, attempt, spreadsheet="s1", sheet="Bob's", values={"A": 1})

    assert google.sheets.rows["s1"]["Bob's"] == [["A"], [1]]


def test_the_27th_column_is_aa(client, attempt, google):
    google.sheets.rows["s1"]["Leads"][0] = [f"c{n}" for n in range(60)]

    update(client, attempt, **LEADS, row=2, values={"c26": "x", "c51": "y", "c52": "z"})

    assert google.requests[-1].json["data"][0]["range"] == "'Leads'!AA2"
    assert [google.sheets.rows["s1"]["Leads"][1][n] for n in (26, 51, 52)] == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"values": {"Nome": 1}}, "unknown_column"),
        ({"values": {"Name": [1]}}, "invalid_input"),
        ({"values": {}}, "invalid_input"),
        ({"sheet": "Empty"}, "unknown_column"),
        ({"sheet": "None"}, "invalid_input"),
        ({"sheet": ""}, "invalid_input"),
        ({"spreadsheet": "s2"}, "not_found"),
        ({"spreadsheet": ".."}, "invalid_input"),
    ],
)
def test_a_row_that_has_no_place_is_refused(client, attempt, google, given, code):
    asked = {**LEADS, "values": {"Name": "Cy"}, **given}

    assert failed(append, client, attempt, **asked) == (Permanent, code, False)
    assert len(google.sheets.rows["s1"]["Leads"]) == 3


def test_E8_reading_the_columns_in_vain_has_surely_written_nothing(client, attempt, google):
    google.loses_answers()

    assert failed(append, client, attempt, **LEADS, values={"Name": "Cy"}) == (
        Transient,
        "unavailable",
        False,
    )


def test_a_row_whose_answer_is_lost_may_have_been_written(client, attempt, google):
    client.check()  # signs in; the token for sheets is another
    google.refuses_with(Answer.of({"values": [["Name"]]}), Answer(502))

    assert failed(append, client, attempt, **LEADS, values={"Name": "Cy"}) == (
        Transient,
        "unavailable",
        True,
    )


def test_the_first_row_is_not_written_over(client, attempt, google):
    given = {**LEADS, "row": 1, "values": {"Name": "x"}}

    assert failed(update, client, attempt, **given) == (Permanent, "invalid_input", False)
    assert google.nothing_was_sent


def test_a_broken_connection_to_an_interface_is_told(client, attempt, google):
    client.check()
    google.then(CUT)

    assert failed(slots, client, attempt)[:2] == (Transient, "unavailable")
