"""What the hub adds to an answer, and what it never lets through (S14)."""

import pytest

from hub.errors import PayloadProblem
from hub.ingest.answers import as_sentence, pack, safe_headers
from hub.ingest.dialects import DIALECTS, Reply, Unpacked
from hub.ingest.receipt import Outcome, Receipt


def test_S14_headers_cannot_break_out_of_their_line_or_replace_the_servers():
    given = {
        "X-Good": "value",
        "X-Number": 5,
        "X-Line": "a\r\nSet-Cookie: x=1",
        "X-Nul": "a\x00",
        "Bad Name": "x",
        "X:Y": "x",
        "Content-Length": "5",
        "Transfer-Encoding": "chunked",
        "X-Umlaut": "ü",
    }
    assert safe_headers(given) == {"X-Good": "value", "X-Number": "5"}


def test_S14_the_headers_of_a_reply_are_cleaned():
    reply = Reply({"a": 1}, status=201, headers={"Location": "/x", "X-Bad": "a\nb"})
    receipt = Receipt(DIALECTS["json"], Unpacked(), (Outcome(reply),))

    packed = pack(receipt, [reply])

    assert packed.status == 201
    assert packed.headers == {"Content-Type": "application/json", "Location": "/x"}


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (Reply("Done."), b'{"message":"Done."}'),
        (Reply({"a": "\u00e9"}), '{"a":"é"}'.encode()),
        (Reply([1, None]), b"[1,null]"),
        (Reply(None, status=204), b""),
    ],
)
def test_json_wraps_a_text_and_leaves_the_rest(reply, body):
    receipt = Receipt(DIALECTS["json"], Unpacked(), (Outcome(reply),))
    assert pack(receipt, [reply]).body == body


def test_a_refusal_is_a_sentence_for_a_model():
    missing = PayloadProblem("/appointment_time", "is missing")
    inner = PayloadProblem("/client/email", "must be an e-mail address")
    assert as_sentence("x", [missing]) == "appointment_time is missing."
    assert as_sentence("x", [missing, inner]) == (
        "appointment_time is missing. client.email must be an e-mail address."
    )
    assert as_sentence("Unknown tool.", []) == "Unknown tool."
    assert as_sentence("x", [PayloadProblem("", "must be an object")]) == (
        "The request must be an object."
    )
