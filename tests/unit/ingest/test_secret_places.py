"""Secrets inside bodies are found and taken out (S6, wire formats 0.5)."""

import pytest

from hub.ingest.dialects import DIALECTS
from hub.ingest.secret_places import carries_secret, without_secrets

VAPI = DIALECTS["vapi.tool"].secret_places
CALCOM = DIALECTS["calcom"].secret_places


@pytest.mark.parametrize(
    "body",
    [
        {"message": {"toolWithToolCallList": [{"server": {"secret": "s3cret", "url": "u"}}]}},
        {"message": {"toolWithToolCallList": [{"server": {"headers": {"X-Key": "s3cret"}}}]}},
        {"message": {"assistant": {"serverUrlSecret": "s3cret"}}},
        {"message": {"phoneNumber": {"twilioAuthToken": "s3cret"}}},
        {"message": {"call": {"monitor": {"controlUrl": "s3cret"}}}},
        {"message": {"call": {"monitor": {"listenUrl": "s3cret"}}}},
        {"message": {"artifact": {"presignedMonoUrl": "s3cret"}}},
        {"message": {"artifact": {"presignedStereoUrl": "s3cret"}}},
    ],
)
def test_S6_what_vapi_sends_along_is_found_and_taken_out(body):
    assert carries_secret(body, VAPI)
    assert "s3cret" not in repr(without_secrets(body, VAPI))


def test_S6_what_calcom_sends_along_is_found_and_taken_out():
    body = {
        "payload": {
            "videoCallData": {"password": "s3cret", "url": "u"},
            "downloadLink": "s3cret",
            "downloadLinks": ["s3cret"],
            "oneTimePassword": "s3cret",
        }
    }
    assert carries_secret(body, CALCOM)
    assert without_secrets(body, CALCOM) == {"payload": {"videoCallData": {"url": "u"}}}


@pytest.mark.parametrize(
    "body",
    [
        {"message": {"phoneNumber": {"twilioAuthToken": None, "serverUrlSecret": ""}}},
        {"message": {"secret": "of another kind", "headers": {}, "presignedUrlsExpiresAt": "x"}},
        ["text", 1, None],
    ],
)
def test_an_empty_place_is_no_secret(body):
    assert not carries_secret(body, VAPI)
    assert not carries_secret(body, ())
    assert without_secrets(body, ()) == body
