"""Microsoft Graph sends the secret in each item of the body (S1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hub.errors import Rejected
from hub.ingest.signatures import Verified, verify
from tests.unit.ingest.test_signatures import SAMPLES, Preset

NOW = datetime(2025, 11, 20, 18, 53, 53, tzinfo=UTC)


def prove(body: bytes, *secrets: str) -> Verified:
    return verify(Preset("microsoft_graph"), headers={}, body=body, secrets=secrets, now=NOW)


@pytest.mark.parametrize("name", ["notification", "notification-batch", "lifecycle"])
def test_S1_one_right_item_proves_the_sender_and_vouches_for_no_other(name: str):
    body = (SAMPLES / "microsoft-graph" / f"{name}.json").read_bytes()

    assert prove(body, "SecretClientState").vouched == {"SecretClientState"}
    assert prove(body, "new", "SecretClientState").vouched == {"SecretClientState"}
    with pytest.raises(Rejected):
        prove(body, "SecretClientStat")


def test_S1_while_a_secret_is_exchanged_both_are_vouched_for():
    body = json.dumps({"value": [{"clientState": each} for each in ("new", "old", "é")]})

    assert prove(body.encode(), "new", "old").vouched == {"new", "old"}
    assert prove(body.encode(), "é").vouched == {"é"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"value": {"clientState": "s"}}',
        b'{"value": []}',
        b'{"value": ["s", null, 7, {"clientState": ["s"]}, {"clientState": ""}]}',
        b'{"clientState": "s"}',
        b'{"value": [{"clientState": "s"}], "value": [{"clientState": "x"}]}',
        b'{"value": [{"clientState": "s"}]',
        b'{"value": [{"clientState": "\\ud800"}]}',
        b"\xff",
        b"[" * 10_000,
    ],
)
def test_S1_a_body_that_is_none_of_theirs_is_401_as_a_wrong_secret_is(body: bytes):
    with pytest.raises(Rejected) as refused:
        prove(body, "s")
    assert (refused.value.status, refused.value.problems) == (401, ())
