"""The verifiers against the vectors of the vendors, and against malformed headers (S1, S2)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.signatures import AUTH_TYPES, verify

VECTORS = json.loads(
    (Path(__file__).parents[2] / "samples" / "signatures.json").read_text(encoding="utf-8")
)["vectors"]
NOW = datetime(2025, 11, 20, 18, 53, 53, tzinfo=UTC)


@dataclass(frozen=True)
class Preset:
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


def preset_of(vector: Mapping[str, Any]) -> Preset:
    config = vector.get("config", {})
    scheme = vector["scheme"]
    if scheme == "vapi-hmac":
        return Preset(
            "vapi_hmac",
            {
                "algorithm": config["algorithm"],
                "header": config["signatureHeader"],
                "timestamp_header": config["timestampHeader"],
                "prefix": config["signaturePrefix"],
                "include_timestamp": config["includeTimestamp"],
                "payload_format": config["payloadFormat"],
                "encoding": config["signatureEncoding"],
                "secret_is_base64": config["secretIsBase64"],
                "message_id_header": config.get("messageIdHeader", ""),
            },
        )
    if scheme in {"hmac-body-hex", "hmac-body-base64"}:
        return Preset("hmac_sha256", config)
    if scheme == "t-v1":
        return Preset("stripe_signature", config)
    if scheme == "t-v0":
        options = {"header": "ElevenLabs-Signature", "scheme": "v0", "tolerance_past": 1800}
        return Preset("stripe_signature", options)
    return {
        "shared-secret-header": Preset("shared_header", config),
        "standard-webhooks": Preset("standard_webhooks"),
        "standard-webhooks-v1a": Preset("standard_webhooks"),
        "slack-v0": Preset("slack"),
        "retell": Preset("retell"),
    }[scheme]


def test_S2_a_longer_tolerance_makes_repeats_known_for_longer():
    vector = next(each for each in VECTORS if each["scheme"] == "t-v0" and each["valid"])
    proved = verify(
        preset_of(vector),
        headers=vector["headers"],
        body=vector["body"].encode(),
        secrets=[vector["secret"]],
        now=datetime.fromtimestamp(vector["now"], UTC),
    )
    assert proved.accepted_for == timedelta(seconds=1800 + 300)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
@pytest.mark.parametrize("place", [0, 1])
def test_S1_S2_every_vector_gets_its_verdict_with_the_secret_in_either_place(vector, place):
    secrets = ["another-secret"]
    secrets.insert(place, vector["secret"])

    def check():
        return verify(
            preset_of(vector),
            headers=vector["headers"],
            body=vector["body"].encode(),
            secrets=secrets,
            now=datetime.fromtimestamp(vector["now"], UTC),
            method=vector.get("method", "POST"),
            url=vector.get("url", ""),
        )

    if vector["valid"]:
        check()
    else:
        with pytest.raises(Rejected) as refused:
            check()
        assert refused.value.status == 401


def refuses(preset, headers, *, secrets=("s3cret",), body=b"{}"):
    with pytest.raises(Rejected) as refused:
        verify(preset, headers=headers, body=body, secrets=secrets, now=NOW)
    return refused.value.status == 401


@pytest.mark.parametrize("kind", [name for name in AUTH_TYPES if name != "public"])
def test_S1_without_a_live_secret_nobody_is_let_in(kind):
    options = {"header": "X-Key", "username": "hub"}
    assert refuses(Preset(kind, options), {"X-Key": "", "Authorization": "Bearer "}, secrets=("",))


@pytest.mark.parametrize("kind", [name for name in AUTH_TYPES if name != "public"])
def test_S1_a_request_without_credentials_is_refused(kind):
    assert refuses(Preset(kind, {"header": "X-Key", "username": "hub"}), {})


@given(
    kind=st.sampled_from([name for name in AUTH_TYPES if name != "public"]),
    value=st.text(max_size=80)
    | st.sampled_from(["t=1,v1=zz", "v1,", "v1,====", "v0=", "Basic !!", "v=1,d=00", "t=²,v1=00"]),
    moment=st.text(max_size=20)
    | st.sampled_from(
        [
            "1763664833",
            "1763664833".translate({each: each + 0xFEE0 for each in range(0x30, 0x3A)}),
            "-1",
            "1e9",
        ]
    ),
)
def test_S1_whatever_stands_in_the_headers_is_401_and_never_an_error(kind, value, moment):
    headers = {
        "X-Key": value,
        "Authorization": value,
        "webhook-id": "1",
        "webhook-timestamp": moment,
        "webhook-signature": value,
        "x-timestamp": moment,
        "x-slack-request-timestamp": moment,
        "x-slack-signature": value,
        "x-retell-signature": value,
    }
    assert refuses(Preset(kind, {"header": "X-Key", "username": "hub"}), headers)


def test_S1_basic_credentials_are_user_and_password():
    preset = Preset("basic", {"username": "hub"})
    verify(
        preset,
        headers={"Authorization": "Basic aHViOnMzY3JldA=="},
        body=b"",
        secrets=["s3cret"],
        now=NOW,
    )
    assert refuses(preset, {"Authorization": "Basic aHViOnMzY3JldCE="})


def test_S1_both_secrets_of_a_rotation_are_live():
    for sent in ("new", "old"):
        verify(
            Preset("bearer"),
            headers={"authorization": f"Bearer {sent}"},
            body=b"",
            secrets=["new", "old"],
            now=NOW,
        )
    assert refuses(Preset("bearer"), {"authorization": "Bearer older"}, secrets=("new", "old"))


def test_S1_a_scheme_is_known_in_any_case_and_its_token_in_one():
    for scheme in ("Bearer", "bearer", "BEARER"):
        given = {"headers": {"Authorization": f"{scheme} token"}, "body": b"", "now": NOW}
        verify(Preset("bearer"), secrets=["token"], **given)
    for sent in ("bearer TOKEN", "bearer", "bearertoken", "basic token", "Bearer  token"):
        assert refuses(Preset("bearer"), {"Authorization": sent}, secrets=("token",))


def test_S2_a_signed_message_tells_its_id_and_time():
    vector = next(each for each in VECTORS if each["id"] == "standard-webhooks-official")

    found = verify(
        Preset("standard_webhooks"),
        headers=vector["headers"],
        body=vector["body"].encode(),
        secrets=[vector["secret"]],
        now=datetime.fromtimestamp(vector["now"] + 300, UTC),
    )

    assert found.message_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert found.timestamp == datetime.fromtimestamp(1614265330, UTC)


def test_S2_no_more_than_16_signatures_are_tried():
    vector = next(each for each in VECTORS if each["id"] == "standard-webhooks-official")
    headers = {**vector["headers"]}
    headers["webhook-signature"] = "v1,AAAA " * 16 + headers["webhook-signature"]

    with pytest.raises(Rejected):
        verify(
            Preset("standard_webhooks"),
            headers=headers,
            body=vector["body"].encode(),
            secrets=[vector["secret"]],
            now=datetime.fromtimestamp(vector["now"], UTC),
        )
