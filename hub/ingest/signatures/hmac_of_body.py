"""Callers that sign the raw body, and what Vapi lets people configure around it."""

from __future__ import annotations

import re

from hub.ingest.signatures.building_blocks import (
    decoded,
    digests,
    fresh,
    prove,
    raw_keys,
    without_prefix,
)
from hub.ingest.signatures.evidence import Evidence, Options, Verified

_PLACEHOLDER = re.compile(r"(\{[a-z-]+\})")


def hmac_of_body(evidence: Evidence, options: Options) -> Verified:
    """The HMAC of the body alone; no time."""
    value = without_prefix(evidence.header(options["header"]), options["prefix"])
    given = decoded(value, options["encoding"])
    prove(given, digests(evidence.secrets, evidence.body, options["algorithm"]))
    return Verified()


def vapi_hmac(evidence: Evidence, options: Options) -> Verified:
    """The whole plan that Vapi lets people configure (`wire-formats`, section 1)."""
    parts = {"{body}": evidence.body, "{method}": evidence.method.encode()}
    parts["{url}"] = evidence.address
    moment, message_id = None, None
    if options["include_timestamp"]:
        parts["{timestamp}"] = evidence.header(options["timestamp_header"])
        moment = fresh(parts["{timestamp}"], evidence)
    if options["message_id_header"]:
        parts["{svix-id}"] = evidence.header(options["message_id_header"])
        message_id = parts["{svix-id}"].decode("latin-1")
    pieces = _PLACEHOLDER.split(options["payload_format"])
    signed = b"".join(parts.get(piece, piece.encode()) for piece in pieces)
    keys = raw_keys(evidence.secrets) if options["secret_is_base64"] else evidence.secrets
    value = without_prefix(evidence.header(options["header"]), options["prefix"])
    prove(decoded(value, options["encoding"]), digests(keys, signed, options["algorithm"]))
    return Verified(moment, message_id)
