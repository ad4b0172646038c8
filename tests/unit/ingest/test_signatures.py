"""The verifiers against the vectors of the vendors, and against malformed headers (S1, S2)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.signatures import AUTH_TYPES, Verified, verify
from hub.values import caller_key, caller_key_id

SAMPLES = Path(__file__).parents[2] / "samples"
VECTORS = json.loads((SAMPLES / "signatures.json").read_text(encoding="utf-8"))["vectors"]
NOW = datetime(2025, 11, 20, 18, 53, 53, tzinfo=UTC)


@dataclass(frozen=True)
class Preset:
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


VENDORS = {
    **dict.fromkeys(("standard-webhooks", "svix", "openai"), "standard_webhooks"),
    "stripe": "stripe_signature",
    "vapi": "vapi_secret",
    "google-calendar": "google_calendar",
}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def preset_of(vector: Mapping[str, Any]) -> Preset:
    """The preset with the vendor's name."""
    config, scheme, system = vector.get("config", {}), vector["scheme"], vector["system"]
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
    if vector["id"] == "vapi-bearer":
        return Preset("bearer")
    if scheme == "hubspot-v2":
        return Preset("hubspot_v2")
    return Preset(VENDORS.get(system, system))


def general_preset_of(vector: Mapping[str, Any]) -> Preset | None:
    """The building block that says the same with options, where there is one."""
    config, scheme = vector.get("config", {}), vector["scheme"]
    if scheme in {"hmac-body-hex", "hmac-body-base64"}:
        return Preset("hmac_sha256", config)
    if scheme == "t-v1":
        return Preset("stripe_signature", config)
    if scheme == "t-v0":
        options = {"header": "ElevenLabs-Signature", "scheme": "v0", "tolerance_past": 1800}
        return Preset("stripe_signature", options)
    return Preset("shared_header", config) if scheme == "shared-secret-header" else None


def headers_of(vector: Mapping[str, Any]) -> dict[str, str]:
    """With the type of the body, which the vectors tell beside the headers."""
    return {**vector["headers"], **(FORM if vector.get("content_type") == "form" else {})}


def proved(
    preset: Preset, vector: Mapping[str, Any], secrets: Sequence[str], **other: Any
) -> Verified:
    """Verify a vector; `other` says what of it is changed."""
    request: dict[str, Any] = {
        "headers": headers_of(vector),
        "body": vector["body"].encode(),
        "method": vector.get("method", "POST"),
        "url": vector.get("url", ""),
    }
    now = datetime.fromtimestamp(vector["now"], UTC)
    return verify(preset, secrets=secrets, now=now, **{**request, **other})


def test_S2_a_longer_tolerance_makes_repeats_known_for_longer():
    vector = next(each for each in VECTORS if each["scheme"] == "t-v0" and each["valid"])
    found = proved(preset_of(vector), vector, [vector["secret"]])
    assert found.accepted_for == timedelta(seconds=1800 + 300)


def test_S1_all_62_vectors_of_the_vendors_are_here_and_each_is_of_a_type():
    assert len({vector["id"] for vector in VECTORS}) == 62
    assert {preset_of(vector).type for vector in VECTORS} <= set(AUTH_TYPES)
    untold = {"public", "shared_header", "basic", "caller_key", "hmac_sha256", "microsoft_graph"}
    assert set(AUTH_TYPES) - untold == {preset_of(vector).type for vector in VECTORS}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
@pytest.mark.parametrize("place", [0, 1])
def test_S1_S2_every_vector_gets_its_verdict_with_the_secret_in_either_place(vector, place):
    secrets = ["another-secret"]
    secrets.insert(place, vector["secret"])

    for preset in filter(None, (preset_of(vector), general_preset_of(vector))):
        if vector["valid"]:
            proved(preset, vector, secrets)
        else:
            with pytest.raises(Rejected) as refused:
                proved(preset, vector, secrets)
            assert refused.value.status == 401


def refuses(preset, headers, *, secrets=("s3cret",), body=b"{}", url=""):
    with pytest.raises(Rejected) as refused:
        verify(preset, headers=headers, body=body, secrets=secrets, now=NOW, url=url)
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
            "key=k,algorithm=HMAC_SHA256",
        ]
    ),
    content_type=st.sampled_from(["application/json", FORM["content-type"], ""]),
    body=st.binary(max_size=60)
    | st.sampled_from([b"a=%zz&=&&%E9=+", b"[" * 1000, b'{"value": [{"clientState": 1}, 2]}']),
    url=st.text(max_size=60) | st.sampled_from(["https://[::1]:x/?bodySHA256", "http://a:1:2/"]),
)
def test_S1_whatever_a_request_holds_is_401_and_never_an_error(
    *, kind, value, moment, content_type, body, url
):
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
        "x-twilio-webhooks-signature-settings": moment,
        "x-hubspot-request-timestamp": moment,
        "content-type": content_type,
        str(AUTH_TYPES[kind].fixed.get("header", "x")).lower(): value,
    }
    preset = Preset(kind, {"header": "X-Key", "username": "hub"})
    assert refuses(preset, headers, body=body, url=url)


def test_K21_a_caller_key_names_its_holder_and_nobody_else():
    preset, key = Preset("caller_key"), caller_key("front-desk", b"s3cret")

    def named(value: str, *secrets: str) -> str | None:
        headers = {"Authorization": value}
        return verify(preset, headers=headers, body=b"", secrets=secrets, now=NOW).key_id

    assert named(f"Bearer {key}", "s3cret") == "front-desk"
    assert named(f"bearer {key}", "new", "s3cret") == "front-desk"  # while a secret is changed
    other = key.replace("front-desk", "back-desk")
    for wrong in (
        key,
        f"Bearer {other}",
        f"Bearer {key}x",
        "Bearer front-desk.",
        "Bearer .",
        "Bearer",
    ):
        assert refuses(preset, {"Authorization": wrong})
    assert refuses(preset, {"Authorization": f"Bearer {key}"}, secrets=("another",))
    assert refuses(preset, {"Authorization": f"Bearer {key}"}, secrets=())
    assert refuses(preset, {})


@pytest.mark.parametrize("key_id", ["", "ab", "Front", "front.desk", "x" * 65, "-front", "ä-desk"])
def test_an_id_that_a_key_cannot_have_makes_none(key_id):
    with pytest.raises(ValueError, match="no id of a key"):
        caller_key(key_id, b"s3cret")
    assert caller_key_id(f"{key_id}.00", [b"s3cret"]) is None


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
        sent = {"Authorization": f"{scheme} token"}
        verify(Preset("bearer"), headers=sent, body=b"", secrets=["token"], now=NOW)
    for wrong in ("bearer TOKEN", "bearer", "bearertoken", "basic token", "Bearer  token"):
        assert refuses(Preset("bearer"), {"Authorization": wrong}, secrets=("token",))


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
