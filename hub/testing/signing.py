"""Signing raw requests as their callers would, with secrets that only tests have."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.bootstrap.auth_types import all_auth_types
from hub.engine.settings import AuthPreset, ProjectSettings
from hub.ingest.signatures import Unsigned
from hub.ingest.signatures.addresses import pairs_of, query_of
from hub.ingest.signatures.hmac_of_body import hmac_of_body, vapi_hmac
from hub.ingest.signatures.public_key import rsa_of_body
from hub.ingest.signatures.shared_secret import basic, bearer, shared_header
from hub.ingest.signatures.shared_secret import caller_key as by_caller_key
from hub.ingest.signatures.standard_webhooks import standard_webhooks
from hub.ingest.signatures.timestamped import retell, slack, timestamped
from hub.ingest.signatures.url_schemes import hubspot, hubspot_v2, signalwire, square, twilio
from hub.values import caller_key

_MESSAGE_ID = "msg_test"

Headers = dict[str, str]
Options = Mapping[str, Any]


def secret_value(name: str, settings: ProjectSettings) -> str:
    """The value of a secret in tests: `test-NAME`.

    A preset that wants base64 or a public key gets one; other values would prove nobody.
    """
    text = f"test-{name}"
    types = all_auth_types()
    for preset in settings.auth.values():
        if name not in preset.secrets or preset.type not in types:
            continue
        verifier = types[preset.type].verify
        if verifier is rsa_of_body:
            return _public_key()
        if verifier is standard_webhooks:
            return "whsec_" + base64.b64encode(text.encode()).decode()
        if preset.options.get("secret_is_base64"):
            return base64.b64encode(text.encode()).decode()
    return text


def signed(
    preset: AuthPreset,
    body: bytes,
    headers: Mapping[str, str],
    *,
    now: datetime,
    settings: ProjectSettings,
    method: str = "POST",
    url: str = "",
    secret: Callable[[str], str] | None = None,
) -> Headers:
    """The headers of a request; without any of the preset's own they get valid credentials.

    `secret` gives the value of a secret by its name; without it those of tests are taken. Names
    are in lower case. A header that the test gives, also an empty one, stays as it is. What proves
    itself within its body (`microsoft_graph`) stays as it is too.
    """
    kind = all_auth_types()[preset.type]
    sign = kind.sign or _SIGNERS.get(kind.verify)
    if sign is None or not preset.secrets:
        return dict(headers)
    name = preset.secrets[0]
    value = secret_value(name, settings) if secret is None else secret(name)
    unsigned = Unsigned(body, headers, value.encode(), now, method, url)
    added = {
        name.lower(): value for name, value in sign(unsigned, kind.chosen(preset.options)).items()
    }
    if any(name in headers for name in added):
        return dict(headers)
    return {**added, **headers}


def _shared(request: Unsigned, options: Options) -> Headers:
    return {options["header"]: options["prefix"] + request.secret.decode()}


def _caller_key(request: Unsigned, options: Options) -> Headers:
    return {options["header"]: options["prefix"] + caller_key("test-key", request.secret)}


def _basic(request: Unsigned, options: Options) -> Headers:
    pair = f"{options['username']}:{request.secret.decode()}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _hmac(request: Unsigned, options: Options) -> Headers:
    digest = _digest(request, request.body, options["algorithm"])
    return {options["header"]: options["prefix"] + _encoded(digest, options["encoding"])}


def _vapi_hmac(request: Unsigned, options: Options) -> Headers:
    moment = _seconds(request)
    message = str(options["payload_format"]).encode()
    parts = {
        "{body}": request.body,
        "{timestamp}": moment.encode(),
        "{svix-id}": _MESSAGE_ID.encode(),
        "{method}": request.method.encode(),
        "{url}": request.url.encode(),
    }
    for name, value in parts.items():
        message = message.replace(name.encode(), value)
    key = base64.b64decode(request.secret) if options["secret_is_base64"] else request.secret
    digest = hmac.new(key, message, str(options["algorithm"])).digest()
    headers = {options["header"]: options["prefix"] + _encoded(digest, options["encoding"])}
    if options["include_timestamp"]:
        headers[options["timestamp_header"]] = moment
    if options["message_id_header"]:
        headers[options["message_id_header"]] = _MESSAGE_ID
    return headers


def _standard(request: Unsigned, _: Options) -> Headers:
    moment = _seconds(request)
    message = b".".join((_MESSAGE_ID.encode(), moment.encode(), request.body))
    key = base64.b64decode(request.secret.removeprefix(b"whsec_"))
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return {
        "webhook-id": _MESSAGE_ID,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _timestamped(request: Unsigned, options: Options) -> Headers:
    moment = _seconds(request)
    digest = _digest(request, f"{moment}.".encode() + request.body).hex()
    return {options["header"]: f"t={moment},{options['scheme']}={digest}"}


def _slack(request: Unsigned, _: Options) -> Headers:
    moment = _seconds(request)
    digest = _digest(request, f"v0:{moment}:".encode() + request.body).hex()
    return {"x-slack-request-timestamp": moment, "x-slack-signature": f"v0={digest}"}


def _retell(request: Unsigned, _: Options) -> Headers:
    moment = _seconds(request)
    digest = _digest(request, request.body + moment.encode()).hex()
    return {"x-retell-signature": f"v={moment},d={digest}"}


def _twilio(request: Unsigned, options: Options) -> Headers:
    """A form with its URL; for other bodies the URL has to hold `bodySHA256`."""
    tail = b"" if _has_hash(request) else b"".join(map(b"".join, sorted(set(_pairs(request)))))
    digest = _digest(request, request.url.encode() + tail, "sha1")
    return {options["header"]: _encoded(digest, "base64")}


def _signalwire(request: Unsigned, options: Options) -> Headers:
    """A form as Twilio signs it, with repeated names in their order; JSON with its raw body."""
    url = request.url.encode()
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {options["header"]: _digest(request, url + request.body, "sha1").hex()}
    pairs = sorted(_pairs(request), key=lambda pair: pair[0])
    digest = _digest(request, url + b"".join(map(b"".join, pairs)), "sha1")
    return {options["header"]: _encoded(digest, "base64")}


def _square(request: Unsigned, options: Options) -> Headers:
    digest = _digest(request, request.url.encode() + request.body)
    return {options["header"]: _encoded(digest, "base64")}


def _hubspot(request: Unsigned, options: Options) -> Headers:
    moment = f"{_seconds(request)}000"
    message = f"{request.method}{request.url}".encode() + request.body + moment.encode()
    digest = _encoded(_digest(request, message), "base64")
    return {options["header"]: digest, "x-hubspot-request-timestamp": moment}


def _hubspot_v2(request: Unsigned, options: Options) -> Headers:
    message = request.secret + f"{request.method}{request.url}".encode() + request.body
    return {options["header"]: hashlib.sha256(message).hexdigest()}


def _rsa(request: Unsigned, options: Options) -> Headers:
    signature = _key().sign(request.body, PKCS1v15(), SHA256())
    return {options["header"]: _encoded(signature, "base64")}


@cache
def _key() -> RSAPrivateKey:
    """A vendor's key is its own: tests sign with one that nobody keeps."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def _public_key() -> str:
    public = _key().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _pairs(request: Unsigned) -> list[tuple[bytes, bytes]]:
    return pairs_of(request.body)


def _has_hash(request: Unsigned) -> bool:
    return any(name == b"bodySHA256" for name, _ in query_of(request.url.encode()))


def _digest(request: Unsigned, message: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(request.secret, message, algorithm).digest()


def _seconds(request: Unsigned) -> str:
    return str(int(request.now.timestamp()))


def _encoded(digest: bytes, encoding: str) -> str:
    return base64.b64encode(digest).decode() if encoding == "base64" else digest.hex()


_SIGNERS: Mapping[Callable[..., Any], Callable[[Unsigned, Options], Headers]] = {
    shared_header: _shared,
    bearer: _shared,
    basic: _basic,
    by_caller_key: _caller_key,
    hmac_of_body: _hmac,
    vapi_hmac: _vapi_hmac,
    standard_webhooks: _standard,
    timestamped: _timestamped,
    slack: _slack,
    retell: _retell,
    twilio: _twilio,
    signalwire: _signalwire,
    square: _square,
    hubspot: _hubspot,
    hubspot_v2: _hubspot_v2,
    rsa_of_body: _rsa,
}
