"""Signed links: what they say, until when, and what else is refused."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.links import Found, sign, verify
from tests.fakes.clock import FakeClock
from tests.integration.domain.desk import code_of

NOW = datetime(2025, 11, 18, 9, tzinfo=UTC)
UNTIL = NOW + timedelta(days=2)
SECRET = "of-the-links-of-this-test"
SUBJECT = "44444444-4444-4444-8444-444444444444/1"
TOKENS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Exchanged:
    """The secrets that were exchanged: the present value, the one before."""

    def __init__(self, **former: str) -> None:
        self._former = former

    def former(self, value: str) -> str | None:
        return self._former.get(value.replace("-", "_"))


def token(**given):
    wanted = {"subject": SUBJECT, "purpose": "booking-cancel", "expires_at": UNTIL}
    return sign(**{**wanted, "secret": SECRET, **given}).token


def read(text, *, now=NOW, purpose="booking-cancel", secret=SECRET, secrets=None):
    return verify(
        FakeClock(now), secrets or Exchanged(), token=text, purpose=purpose, secret=secret
    )


def refusal(text, *, now=NOW, purpose="booking-cancel", secret=SECRET):
    return code_of(read, text, now=now, purpose=purpose, secret=secret)


def test_a_link_says_what_it_is_about_and_until_when():
    assert read(token()) == Found(SUBJECT, UNTIL)


def test_what_is_signed_is_the_same_in_every_attempt_and_in_every_zone():
    elsewhere = UNTIL.astimezone(timezone(timedelta(hours=-5)))

    assert token() == token() == token(expires_at=elsewhere)


def test_a_link_ends_at_its_instant():
    assert read(token(), now=UNTIL - timedelta(seconds=1)) == Found(SUBJECT, UNTIL)
    assert refusal(token(), now=UNTIL) == "expired"


def test_a_link_for_one_purpose_serves_no_other():
    assert refusal(token(), purpose="booking-reschedule") == "wrong_purpose"


def test_a_link_of_a_stranger_learns_nothing_of_purpose_and_time():
    strange = token(secret="of-somebody-else-altogether")

    assert refusal(strange, now=UNTIL, purpose="booking-reschedule") == "invalid_link"


def test_while_the_secret_is_exchanged_links_of_the_former_one_count():
    exchanged = Exchanged(the_newer_secret_of_links=SECRET)

    assert read(token(), secret="the-newer-secret-of-links", secrets=exchanged).subject == SUBJECT
    assert refusal(token(), secret="the-newer-secret-of-links") == "invalid_link"


def test_a_short_secret_signs_nothing_and_proves_nothing():
    assert code_of(token, secret="short") == "not_configured"
    assert refusal(token(), secret="") == "not_configured"


@pytest.mark.parametrize(
    "wanted",
    [{"subject": ""}, {"subject": "x" * 201}, {"subject": "a b"}, {"purpose": "Booking Cancel"}],
)
def test_what_would_not_fit_into_a_link_is_refused(wanted):
    assert code_of(token, **wanted) == "invalid_input"


@given(st.data())
def test_no_changed_token_counts(data):
    """Each character matters, those too whose last bits base64 does not need."""
    whole = token()
    at = data.draw(st.integers(0, len(whole) - 1))
    sign_there = data.draw(st.sampled_from(TOKENS + "."))
    changed = whole[:at] + sign_there + whole[at + 1 :]

    if changed != whole:
        assert refusal(changed) == "invalid_link"


@given(st.text(max_size=300))
def test_no_text_is_a_link_by_chance_nor_a_fault(text):
    assert refusal(text) == "invalid_link"


def test_what_a_token_says_cannot_be_put_under_another_signature():
    version, body, signature = token().split(".")
    said = json.loads(urlsafe_b64decode(body + "=="))
    other = json.dumps({**said, "s": SUBJECT.replace("/1", "/2")}, separators=(",", ":"))
    forged = urlsafe_b64encode(other.encode()).decode().rstrip("=")

    assert refusal(f"{version}.{forged}.{signature}") == "invalid_link"


@given(
    st.from_regex(r"[A-Za-z0-9._:/@-]{1,200}", fullmatch=True),
    st.datetimes(datetime(2026, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_every_subject_and_instant_comes_back(subject, until):
    found = read(token(subject=subject, expires_at=until))

    assert found == Found(subject, until.replace(microsecond=0))
