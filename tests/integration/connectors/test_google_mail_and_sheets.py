"""gmail.send and google_sheets.* against a fake Google."""

from __future__ import annotations

from typing import Any

import pytest

from hub.connectors.google.gmail import send
from hub.connectors.google.sheets import append, find, update
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.services import Answer


def failed(do, *arguments, **given):
    with pytest.raises(StepFailed) as failure:
        do(*arguments, **given)
    found = failure.value
    return type(found), found.code, found.maybe_done


# ------------------------------------------------------------------------------------------- gmail


def test_a_mail_is_sent_from_the_mailbox_of_the_subject(office, attempt, google):
    sent = send(
        office, attempt, to="ada@example.com", subject="Grüße", text="bis 9 Uhr", html="<b>9</b>"
    )

    (mail,) = google.mailbox.sent
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Grüße")
    assert mail.get_body(("plain",)).get_content().strip() == "bis 9 Uhr"
    assert mail.get_body(("html",)).get_content().strip() == "<b>9</b>"
    assert sent.id == sent.thread_id == "18c0000000000001"


def test_a_mail_is_written_in_the_alphabet_of_urls(office, attempt, google):
    """Three of a sign: wherever they fall, one becomes `/` or `+`, which Gmail refuses."""
    send(office, attempt, to="ada@example.com", subject="s", text="Really??? ~~~ >>>")

    (mail,) = google.mailbox.sent
    assert mail.get_content().strip() == "Really??? ~~~ >>>"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": "ada@example.com, eve@example.com"}, "invalid_address"),
        ({"to": "Ada <ada@example.com>"}, "invalid_address"),
        ({"reply_to": "a@b.example\r\nBcc: eve@example.com"}, "invalid_address"),
        ({"subject": "x\r\nBcc: eve@example.com"}, "invalid_input"),
    ],
)
def test_S14_no_data_becomes_a_header_or_a_second_receiver(office, attempt, google, given, code):
    mail = {"to": "ada@example.com", "subject": "s", "text": "t", **given}

    assert failed(send, office, attempt, **mail) == (Permanent, code, False)
    assert google.nothing_was_sent


def test_a_mail_whose_answer_is_lost_may_have_been_sent(office, attempt, google):
    google.loses_answers()
    mail = {"to": "ada@example.com", "subject": "s", "text": "t"}

    assert failed(send, office, attempt, **mail) == (Transient, "unavailable", True)
    assert len(google.mailbox.sent) == 1


# ------------------------------------------------------------------------------------------ sheets

LEADS: dict[str, Any] = {"spreadsheet": "s1", "sheet": "Leads"}


def test_rows_are_found_by_the_names_of_their_columns(office, attempt):
    everybody = find(office, attempt, **LEADS).rows
    ada = find(office, attempt, **LEADS, where={"Phone": "+12025550147"}).rows

    assert [(each.row, each.values) for each in everybody] == [
        (2, {"Name": "Ada", "Phone": "+12025550147"}),
        (3, {"Name": "Bo", "Phone": "", "Paid": "TRUE"}),
    ]
    assert ada == everybody[:1]
    assert find(office, attempt, **LEADS, where={"Paid": ""}).rows == ada
    assert find(office, attempt, **LEADS, at_most=1).rows == ada


def test_a_row_is_appended_and_no_text_becomes_a_formula(office, attempt, google):
    written = append(office, attempt, **LEADS, values={"Paid": 3.5, "Name": "=IMPORTXML(1)"})

    assert written.row == 4
    assert google.sheets.rows["s1"]["Leads"][3] == ["=IMPORTXML(1)", "", 3.5]
    (request,) = [each for each in google.requests if each.path.endswith(":append")]
    assert request.query["valueInputOption"] == ["RAW"]


def test_cells_of_a_row_are_written_and_the_others_stay(office, attempt, google):
    for _ in range(2):
        update(office, attempt, **LEADS, row=2, values={"Paid": True, "Phone": None})

    assert google.sheets.rows["s1"]["Leads"][1] == ["Ada", "", True]


def test_a_sheet_may_be_called_anything(office, attempt, google):
    append(office, attempt, spreadsheet="s1", sheet="Bob's", values={"A": 1})

    assert google.sheets.rows["s1"]["Bob's"] == [["A"], [1]]


def test_the_27th_column_is_aa(office, attempt, google):
    google.sheets.rows["s1"]["Leads"][0] = [f"c{n}" for n in range(60)]

    update(office, attempt, **LEADS, row=2, values={"c26": "x", "c51": "y", "c52": "z"})

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
def test_a_row_that_has_no_place_is_refused(office, attempt, google, given, code):
    asked = {**LEADS, "values": {"Name": "Cy"}, **given}

    assert failed(append, office, attempt, **asked) == (Permanent, code, False)
    assert len(google.sheets.rows["s1"]["Leads"]) == 3


def test_E8_reading_the_columns_in_vain_has_surely_written_nothing(office, attempt, google):
    google.loses_answers()

    assert failed(append, office, attempt, **LEADS, values={"Name": "Cy"}) == (
        Transient,
        "unavailable",
        False,
    )


def test_a_row_whose_answer_is_lost_may_have_been_written(office, attempt, google):
    office.check()  # signs in; the token for sheets is another
    google.refuses_with(Answer.of({"values": [["Name"]]}), Answer(502))

    assert failed(append, office, attempt, **LEADS, values={"Name": "Cy"}) == (
        Transient,
        "unavailable",
        True,
    )


def test_the_first_row_is_not_written_over(office, attempt, google):
    given = {**LEADS, "row": 1, "values": {"Name": "x"}}

    assert failed(update, office, attempt, **given) == (Permanent, "invalid_input", False)
    assert google.nothing_was_sent
