"""Callers that send the secret itself: in a header, as a password, or within the body."""

from __future__ import annotations

import base64
from typing import Any

from hub.errors import Rejected
from hub.ingest.body import read_json
from hub.ingest.signatures.building_blocks import UNPROVED, is_any, prove, without_prefix
from hub.ingest.signatures.evidence import Evidence, Options, Verified, refused
from hub.values import caller_key_id

_SMALL = 262_144


def public(_: Evidence, __: Options) -> Verified:
    """Anybody."""
    return Verified()


def shared_header(evidence: Evidence, options: Options) -> Verified:
    """The secret in a header."""
    prove(without_prefix(evidence.header(options["header"]), options["prefix"]), evidence.secrets)
    return Verified()


def bearer(evidence: Evidence, options: Options) -> Verified:
    """A scheme is the same in capitals and in small letters (RFC 9110, 11.1); a token is not."""
    value, prefix = evidence.header(options["header"]), options["prefix"].encode()
    if not value.lower().startswith(prefix.lower()):
        raise refused(f"{options['header']} does not begin with {options['prefix']!r}")
    prove(value[len(prefix) :], evidence.secrets)
    return Verified()


def caller_key(evidence: Evidence, _: Options) -> Verified:
    """A key that names its holder; the proof in it is made with the secret."""
    scheme, _space, given = evidence.header("authorization").partition(b" ")
    if scheme.lower() != b"bearer":
        raise refused("Authorization is not of the scheme Bearer")
    key_id = caller_key_id(given.strip().decode("latin-1"), evidence.secrets)
    if key_id is None:
        raise refused(UNPROVED)
    return Verified(key_id=key_id)


def basic(evidence: Evidence, options: Options) -> Verified:
    """User name and password."""
    scheme, _, encoded = evidence.header("authorization").partition(b" ")
    if scheme.lower() != b"basic":
        raise refused("Authorization is not of the scheme Basic")
    given = base64.b64decode(encoded.strip(), validate=True)
    user = str(options["username"]).encode()
    prove(given, (user + b":" + secret for secret in evidence.secrets))
    return Verified()


def client_state(evidence: Evidence, _: Options) -> Verified:
    """The secret in `value[].clientState` of the body: one right item proves the sender.

    The others are for the dialect to drop: `Verified.vouched` has the values that are right.
    """
    told = dict.fromkeys(_client_states(evidence.body))
    vouched = [each for each in told if is_any(each.encode(), evidence.secrets)]
    if not vouched:
        raise refused("no `clientState` in the body is a secret that is set")
    return Verified(vouched=frozenset(vouched))


def _client_states(raw: bytes) -> list[str]:
    try:
        body = read_json(raw, max_body=max(len(raw), _SMALL)).value
    except Rejected:  # nobody who is not proved learns what is wrong with a body
        raise refused("the body is not JSON") from None
    items: Any = body.get("value") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise refused("the body has no list `value`")
    states = [item.get("clientState") for item in items if isinstance(item, dict)]
    return [each for each in states if isinstance(each, str)]
