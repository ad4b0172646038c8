"""The fake Google itself: it refuses what Google refuses. Asked without any part of the hub."""

from __future__ import annotations

import http.client
import json
from base64 import urlsafe_b64encode
from time import time  # noqa: TID251 - assertions tell the real time
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tests.fakes.google import ACCOUNT, AUDIENCE, CLIENT, JWT_BEARER, SCOPES, private_key

JSON = {"Content-Type": "application/json"}
EVENTS = "/calendar/v3/calendars/team%40example.com/events"
TIMES = {
    "start": {"dateTime": "2025-11-03T10:00:00Z"},
    "end": {"dateTime": "2025-11-03T11:00:00Z"},
}


def call(google, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", google.port, timeout=5)
    raw = json.dumps(body) if isinstance(body, dict) else body
    try:
        connection.request(method, path, raw, headers or {})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    is_json = answer.getheader("Content-Type") == "application/json"
    return answer.status, json.loads(text) if is_json else text


def encoded(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def assertion(key=None, alg="RS256", **changed):
    now = int(time())
    claims = {
        "iss": ACCOUNT,
        "scope": f"{SCOPES}calendar {SCOPES}spreadsheets {SCOPES}gmail.send",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 3600,
        **changed,
    }
    signed = f"{encoded({'alg': alg, 'typ': 'JWT'})}.{encoded(claims)}"
    signature = (key or private_key()).sign(signed.encode(), PKCS1v15(), SHA256())
    return f"{signed}.{encoded(signature)}"


def ask_token(google, headers=None, **form):
    said = {"Content-Type": "application/x-www-form-urlencoded"} if headers is None else headers
    return call(google, "POST", "/token", urlencode(form), said)


def by_assertion(google, text):
    return ask_token(google, grant_type=JWT_BEARER, assertion=text)


@pytest.fixture
def bearer(google):
    google.calendars.share("team@example.com")
    google.delegates.add("ann@example.com")
    _, said = by_assertion(google, assertion(sub="ann@example.com"))
    return {"Authorization": f"Bearer {said['access_token']}"}


def reason(answer):
    status, said = answer
    return status, said["error"]["errors"][0]["reason"]


def test_a_true_assertion_gets_a_token_for_an_hour(google):
    status, said = by_assertion(google, assertion())

    assert (status, said["expires_in"], said["token_type"]) == (200, 3600, "Bearer")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"iss": "other@project.iam.gserviceaccount.com"}, "invalid_grant"),
        ({"iat": int(time()) - 7200, "exp": int(time()) - 3600}, "invalid_grant"),
        ({"iat": int(time()) + 3000, "exp": int(time()) + 6000}, "invalid_grant"),
        ({"exp": int(time()) + 7200}, "invalid_grant"),
        ({"exp": "soon"}, "invalid_grant"),
        ({"iat": None}, "invalid_grant"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "calendar"}, "invalid_scope"),
        ({"sub": "eve@example.com"}, "unauthorized_client"),
        ({"alg": "HS256"}, "invalid_grant"),
    ],
)
def test_an_assertion_that_is_not_right_gets_none(google, changed, refusal):
    status, said = by_assertion(google, assertion(**changed))

    assert status in {400, 401}
    assert said["error"] == refusal
    assert google.grants == {}


def test_an_assertion_of_another_key_gets_none(google):
    foreign = generate_private_key(public_exponent=65537, key_size=2048)

    assert by_assertion(google, assertion(foreign))[1]["error"] == "invalid_grant"
    assert by_assertion(google, "a.b")[1]["error"] == "invalid_grant"


def test_tokens_are_asked_for_with_a_form(google):
    _, said = ask_token(google, JSON, grant_type=JWT_BEARER, assertion=assertion())

    assert said["error"] == "invalid_request"
    assert ask_token(google, grant_type="password")[1]["error"] == "unsupported_grant_type"


def test_a_refresh_token_belongs_to_its_client(google):
    assert ask_token(google, grant_type="refresh_token", **CLIENT)[0] == 200
    for name, refusal in (("client_secret", "invalid_client"), ("refresh_token", "invalid_grant")):
        wrong = {**CLIENT, name: "x"}
        assert ask_token(google, grant_type="refresh_token", **wrong)[1]["error"] == refusal


def test_a_token_that_is_unknown_or_over_opens_nothing(google, bearer):
    foreign = {"Authorization": "Bearer ya29.other"}

    assert reason(call(google, "GET", EVENTS)) == (401, "authError")
    assert reason(call(google, "GET", EVENTS, headers=foreign)) == (401, "authError")
    google.token_seconds = 0
    _, said = by_assertion(google, assertion())
    over = {"Authorization": f"Bearer {said['access_token']}"}
    assert reason(call(google, "GET", EVENTS, headers=over)) == (401, "authError")
    assert call(google, "GET", EVENTS, headers=bearer)[0] == 200


def test_a_token_opens_its_scopes_only(google):
    google.calendars.share("team@example.com")
    _, said = by_assertion(google, assertion(scope=f"{SCOPES}spreadsheets"))
    narrow = {"Authorization": f"Bearer {said['access_token']}"}

    assert reason(call(google, "GET", EVENTS, headers=narrow)) == (403, "insufficientPermissions")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({**TIMES, "id": "UPPER-case"}, "invalid"),
        ({**TIMES, "id": "wxyz1"}, "invalid"),
        ({**TIMES, "id": "abc"}, "invalid"),
        ({**TIMES, "title": "x"}, "badRequest"),
        ({"summary": "x"}, "required"),
        ({**TIMES, "end": {"dateTime": "2025-11-03T09:00:00Z"}}, "timeRangeEmpty"),
        ({**TIMES, "end": {"dateTime": "2025-11-03 11:00"}}, "badRequest"),
        ({**TIMES, "end": {"dateTime": "2025-11-03T11:00:00"}}, "badRequest"),
        ({**TIMES, "end": {"date": "2025-11-04", "dateTime": "2025-11-03T11:00:00Z"}}, "invalid"),
        ({**TIMES, "end": {**TIMES["end"], "timeZone": "Mars/Olympus"}}, "invalid"),
        ({**TIMES, "end": {**TIMES["end"], "zone": "UTC"}}, "badRequest"),
        ({**TIMES, "attendees": [{"email": "nobody"}]}, "invalid"),
        ("[]", "parseError"),
        ("{", "parseError"),
    ],
)
def test_an_event_that_is_not_right_is_refused(google, bearer, body, refusal):
    assert reason(call(google, "POST", EVENTS, body, {**bearer, **JSON})) == (400, refusal)
    assert google.calendars.living("team@example.com") == []


def test_an_event_is_sent_as_json_with_known_parameters(google, bearer):
    plain = {**bearer, "Content-Type": "text/plain"}

    assert reason(call(google, "POST", EVENTS, TIMES, plain)) == (400, "badContent")
    for query in ("sendUpdates=maybe", "notify=all"):
        status, _ = call(google, "POST", f"{EVENTS}?{query}", TIMES, {**bearer, **JSON})
        assert status == 400


def test_the_life_of_an_event(google, bearer):
    said = {**bearer, **JSON}
    event = {**TIMES, "id": "abcde"}
    patch = {"start": {"dateTime": "2025-11-03T10:30:00Z", "date": None}}

    assert call(google, "POST", EVENTS, event, said)[0] == 200
    assert reason(call(google, "POST", EVENTS, event, said)) == (409, "duplicate")
    assert call(google, "PATCH", f"{EVENTS}/abcde", patch, said)[1]["end"] == TIMES["end"]
    assert call(google, "DELETE", f"{EVENTS}/abcde", headers=bearer) == (204, b"")
    assert reason(call(google, "DELETE", f"{EVENTS}/abcde", headers=bearer)) == (410, "deleted")
    assert call(google, "GET", f"{EVENTS}/abcde", headers=bearer)[1]["status"] == "cancelled"
    assert reason(call(google, "POST", EVENTS, event, said)) == (409, "duplicate")
    assert reason(call(google, "DELETE", f"{EVENTS}/other", headers=bearer)) == (404, "notFound")


def test_free_and_busy_is_cut_to_the_question(google, bearer):
    google.calendars.book("team@example.com", "2025-11-03T10:00:00Z", "2025-11-03T12:00:00Z")
    asked = {
        "timeMin": "2025-11-03T11:00:00Z",
        "timeMax": "2025-11-03T20:00:00Z",
        "items": [{"id": "team@example.com"}, {"id": "hidden@example.com"}],
    }

    _, said = call(google, "POST", "/calendar/v3/freeBusy", asked, {**bearer, **JSON})

    assert said["calendars"]["team@example.com"]["busy"] == [
        {"start": "2025-11-03T11:00:00+00:00", "end": "2025-11-03T12:00:00+00:00"}
    ]
    assert said["calendars"]["hidden@example.com"]["errors"][0]["reason"] == "notFound"
    backwards = {**asked, "timeMax": asked["timeMin"]}
    answer = call(google, "POST", "/calendar/v3/freeBusy", backwards, {**bearer, **JSON})
    assert reason(answer) == (400, "timeRangeEmpty")


def test_gmail_takes_base64url_with_a_receiver_from_somebody_with_a_mailbox(google, bearer):
    path, said = "/gmail/v1/users/me/messages/send", {**bearer, **JSON}
    mail = {"raw": encoded(b"To: a@b.example\r\n\r\nhi")}
    _, own = by_assertion(google, assertion())
    account = {"Authorization": f"Bearer {own['access_token']}", **JSON}

    assert call(google, "POST", path, mail, said)[0] == 200
    assert reason(call(google, "POST", path, {"raw": "a+/b"}, said)) == (400, "invalidArgument")
    assert reason(call(google, "POST", path, {"raw": encoded(b"X: 1")}, said))[0] == 400
    assert reason(call(google, "POST", path, mail, account)) == (400, "failedPrecondition")
    assert len(google.mailbox.sent) == 1


def test_sheets_wants_a_range_and_says_how_values_are_meant(google, bearer):
    google.sheets.rows["s1"] = {"L": [["Name"], [""]]}
    said = {**bearer, **JSON}
    values = "/v4/spreadsheets/s1/values/"
    row = {"values": [["Ada"]]}

    def status(method, path, body=None):
        found, answer = call(google, method, path, body, said)
        return found, answer["error"]["status"]

    assert status("GET", "/v4/spreadsheets/none/values/L") == (404, "NOT_FOUND")
    assert status("GET", f"{values}Other") == (400, "INVALID_ARGUMENT")
    assert status("POST", f"{values}L:append", row) == (400, "INVALID_ARGUMENT")
    assert status("POST", f"{values}L:append?valueInputOption=YES", row)[0] == 400
    first = values + quote("'L'!1:1")
    assert call(google, "GET", first, headers=bearer)[1]["values"] == [["Name"]]
    _, written = call(google, "POST", f"{values}L:append?valueInputOption=RAW", row, said)
    assert written["updates"]["updatedRange"] == "L!A3:A3"


def test_an_answer_can_be_lost_after_the_thing_was_done(google, bearer):
    google.loses_answers()

    with pytest.raises(http.client.RemoteDisconnected):
        call(google, "POST", EVENTS, TIMES, {**bearer, **JSON})

    assert len(google.calendars.living("team@example.com")) == 1


def test_elsewhere_is_nothing(google, bearer):
    for path in ("/calendar/v3/nothing", "/gmail/v1/users/me/labels", "/drive/v3/files"):
        assert call(google, "GET", path, headers=bearer)[0] == 404
