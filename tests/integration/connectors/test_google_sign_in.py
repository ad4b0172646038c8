"""Signing in at Google: assertions, refresh tokens, and what becomes of access tokens."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from hub.connectors.connections import ConnectionSettings
from hub.connectors.google.calendar import delete_event
from hub.connectors.google.client import CALENDAR, GoogleClient
from hub.connectors.google.sheets import append
from hub.connectors.google.tokens import TimeLeft, Tokens
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.clock import Seconds
from tests.fakes.google import ACCOUNT, CLIENT, key_file
from tests.fakes.services import CUT, HANG, Answer

BRIEF = timedelta(seconds=5)


def settings_for(google, *, key=None, subject=None, **credentials):
    given = credentials or {"service_account_key": key or key_file()}
    options = {"subject": subject} if subject else {}
    return ConnectionSettings(
        "office", "google", base_url=google.url, credentials=given, options=options
    )


def sign_in(google, http, **settings):
    return GoogleClient(settings_for(google, **settings), http).calls(CALENDAR, BRIEF).sign_in()


def refusal(google, http, **settings):
    with pytest.raises(StepFailed) as failure:
        sign_in(google, http, **settings)
    return failure.value


def test_a_service_account_signs_in_with_its_key(google, http):
    token = sign_in(google, http)

    assert google.grants[token].scopes == {CALENDAR.scope}
    assert google.grants[token].subject is None


def test_a_service_account_may_stand_for_a_user_of_its_domain(google, http):
    google.delegates.add("ann@example.com")

    token = sign_in(google, http, subject="ann@example.com")

    assert google.grants[token].subject == "ann@example.com"


def test_a_user_whom_the_domain_did_not_open_is_refused(google, http):
    failure = refusal(google, http, subject="eve@example.com")

    assert (type(failure), failure.code) == (Permanent, "unauthorized")
    assert "unauthorized_client" in failure.message


def test_a_refresh_token_signs_in_for_its_user(google, http):
    token = sign_in(google, http, **CLIENT)

    assert google.grants[token].subject == "user@example.com"


@pytest.mark.parametrize("name", CLIENT)
def test_S6_a_wrong_secret_is_refused_and_not_shown(google, http, name):
    failure = refusal(google, http, **{**CLIENT, name: "wrong-and-secret"})

    assert failure.code == "unauthorized"
    assert "wrong-and-secret" not in failure.message


def test_S6_a_foreign_key_is_refused_and_nothing_of_it_is_shown(google, http):
    foreign = generate_private_key(public_exponent=65537, key_size=2048)
    key = key_file(foreign)

    failure = refusal(google, http, key=key)

    assert failure.code == "unauthorized"
    assert "Invalid JWT Signature" in failure.message
    lines = json.loads(key)["private_key"].splitlines()
    assert not any(line in failure.message for line in lines)


@pytest.mark.parametrize(
    "key",
    [
        "not json",
        "[]",
        '{"client_email": "a@b.example"}',
        key_file(private_key="-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n"),
    ],
)
def test_what_is_no_key_is_told_without_asking_google(google, http, key):
    failure = refusal(google, http, key=key)

    assert (failure.code, google.nothing_was_sent) == ("not_configured", True)
    assert "service_account_key" in failure.message


@pytest.mark.parametrize("given", [{"client_id": "1"}, {"client_id": "1", "refresh_token": "2"}])
def test_half_of_a_sign_in_says_what_is_missing(google, http, given):
    failure = refusal(google, http, **given)

    assert failure.code == "not_configured"
    assert "credentials.service_account_key or else credentials.client_id" in failure.message


def test_one_token_serves_until_its_last_minute(google, http):
    steady = Seconds()
    tokens = Tokens(http, steady=steady)
    settings = settings_for(google)

    first = tokens.get(settings, CALENDAR.scope, TimeLeft(BRIEF))
    steady.now += 3600 - 61
    again = tokens.get(settings, CALENDAR.scope, TimeLeft(BRIEF))
    steady.now += 2
    later = tokens.get(settings, CALENDAR.scope, TimeLeft(BRIEF))

    assert (again == first, later == first) == (True, False)
    assert google.asked_for_tokens == 2


def test_threads_that_need_a_token_at_once_ask_once(google, http):
    client = GoogleClient(settings_for(google), http)

    with ThreadPoolExecutor(8) as threads:
        got = set(threads.map(lambda _: client.calls(CALENDAR, BRIEF).sign_in(), range(32)))

    assert (len(got), google.asked_for_tokens) == (1, 1)


def test_E9_who_waits_for_the_token_of_another_ends_in_time_too(google, http):
    client = GoogleClient(settings_for(google), http)
    google.always(HANG)

    def sign_in_briefly(_):
        with pytest.raises(Transient) as failure:
            client.calls(CALENDAR, timedelta(seconds=0.4)).sign_in()
        return failure.value.code, failure.value.maybe_done

    with ThreadPoolExecutor(2) as threads:
        ends = list(threads.map(sign_in_briefly, range(2)))

    assert ends == [("timeout", False)] * 2


def test_a_token_that_is_refused_is_exchanged_once(google, http):
    google.calendars.share("team@example.com")
    client = GoogleClient(settings_for(google), http)
    client.calls(CALENDAR, BRIEF).sign_in()
    google.revoke_tokens()

    client.calls(CALENDAR, BRIEF).get("/calendars/team%40example.com/events")

    assert google.asked_for_tokens == 2


def test_a_second_refusal_is_the_end(google, http):
    client = GoogleClient(settings_for(google), http)
    google.token_seconds = 0  # Google itself thinks that it is over

    with pytest.raises(Permanent) as failure:
        client.calls(CALENDAR, BRIEF).get("/users/me/calendarList")

    assert (failure.value.code, google.asked_for_tokens) == ("unauthorized", 2)


@pytest.mark.parametrize(
    ("behaviour", "code", "seconds"),
    [(CUT, "unavailable", 10), (HANG, "timeout", 0.4), (Answer(503), "unavailable", 10)],
)
def test_E8_a_sign_in_that_fails_has_surely_done_nothing(
    google, http, attempt, behaviour, *, code, seconds
):
    google.always(behaviour)
    patient = replace(attempt, timeout=timedelta(seconds=seconds))

    with pytest.raises(Transient) as failure:
        append(
            GoogleClient(settings_for(google), http), patient, spreadsheet="s", sheet="t", values={}
        )

    assert (failure.value.code, failure.value.maybe_done) == (code, False)


def test_without_a_connection_nothing_is_sent(http, attempt, google):
    with pytest.raises(Permanent) as failure:
        delete_event(GoogleClient(None, http), attempt, calendar="c", event_id="e")

    assert failure.value.code == "not_configured"
    assert "or else credentials.client_id" in failure.value.message
    assert google.nothing_was_sent


def test_the_check_of_the_connection_says_who_it_is_and_what_it_sees(google, http):
    google.calendars.listed = [f"{n}@example.com" for n in range(7)]

    told = GoogleClient(settings_for(google), http).check()

    assert told == (
        f"signed in as the service account {ACCOUNT}; 7 calendars in its list: 0@example.com,"
        " 1@example.com, 2@example.com, 3@example.com, 4@example.com, …"
    )


def test_the_check_tells_what_the_connection_may_not_see(google, http):
    google.consented = frozenset({"https://www.googleapis.com/auth/spreadsheets"})

    told = GoogleClient(settings_for(google, **CLIENT), http).check()

    assert "signed in as the user who gave the refresh token" in told
    assert "insufficient authentication scopes" in told
