"""Whatever bit of a signed request is another, it is refused: body, signature, time, URL (S2)."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.signatures.addresses import pairs_of
from tests.unit.ingest.test_signatures import VECTORS, headers_of, preset_of, proved

# Several signatures in one header, of which any other may be wrong.
SEVERAL = {"stripe-ok", "stripe-two-v1", "standard-webhooks-rotation"}
RIGHT = [each for each in VECTORS if each["valid"] and each["id"] not in SEVERAL]
# They hold the secret itself and sign no body.
UNSIGNED = ("vapi-secret-header", "vapi-bearer", "google-channel-token")
SIGNED = [each for each in RIGHT if each["id"] not in UNSIGNED]
# What vendors send beside their signature and do not sign.
BESIDE = {
    "x-goog-channel-id",
    "x-goog-resource-state",
    "x-hubspot-signature-version",
    "x-twilio-webhooks-signature-settings",
    "content-type",
}
_HEX = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Fa-f]{40,}(?![0-9A-Za-z+/=])")
_BASE64 = re.compile(r"[0-9A-Za-z+/]{27,}={1,2}")


def flipped(data: bytes, bit: int) -> bytes:
    at, within = divmod(bit % (len(data) * 8), 8)
    return data[:at] + bytes([data[at] ^ 1 << within]) + data[at + 1 :]


def meaning(value: str) -> str:
    """A header with its signatures as the bytes they stand for: hex has no case."""
    return _BASE64.sub(lambda found: b64decode(found[0]).hex(), _HEX.sub(_in_small, value))


def _in_small(found: re.Match[str]) -> str:
    return found[0].lower()


def is_taken(vector: Mapping[str, Any], **other: Any) -> bool:
    try:
        proved(preset_of(vector), vector, ["another", vector["secret"]], **other)
    except Rejected as refusal:
        return refusal.status != 401
    return True


@given(vector=st.sampled_from([each for each in SIGNED if each["body"]]), bit=st.integers(0))
def test_S2_a_body_with_another_bit_is_refused(vector: Mapping[str, Any], bit: int):
    sent = vector["body"].encode()
    other = flipped(sent, bit)
    is_form = vector.get("content_type") == "form"
    if is_form and sorted(set(pairs_of(other))) == sorted(set(pairs_of(sent))):
        return  # `%2b` for `%2B`: the form says the same
    assert not is_taken(vector, body=other)


@given(vector=st.sampled_from([each for each in SIGNED if "url" in each]), bit=st.integers(0))
def test_S2_a_url_with_another_bit_is_refused(vector: Mapping[str, Any], bit: int):
    sent = vector["url"].replace(":1234", "").encode()  # a port of its own is not signed
    other = flipped(sent, bit).decode("utf-8", "surrogateescape")
    assert not is_taken(vector, url=other)


@given(vector=st.sampled_from(RIGHT), bit=st.integers(0), data=st.data())
def test_S2_a_signature_a_time_or_an_id_with_another_bit_is_refused(
    vector: Mapping[str, Any], bit: int, data: st.DataObject
):
    headers = headers_of(vector)
    name = data.draw(st.sampled_from([each for each in headers if each.lower() not in BESIDE]))
    other = flipped(headers[name].encode("latin-1"), bit).decode("latin-1")

    if is_taken(vector, headers={**headers, name: other}):
        scheme = vector["id"] == "vapi-bearer" and other.lower() == headers[name].lower()
        assert meaning(other) == meaning(headers[name]) or scheme
