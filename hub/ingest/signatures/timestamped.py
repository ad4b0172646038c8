"""Callers that sign a time together with the body: `t=…,v1=…`, Slack and Retell."""

from __future__ import annotations

import binascii
import re
from datetime import timedelta

from hub.ingest.signatures.building_blocks import (
    MOST_SIGNATURES,
    UNPROVED,
    digests,
    fresh,
    is_any,
    prove,
    without_prefix,
)
from hub.ingest.signatures.evidence import TOLERANCE, Evidence, Options, Verified, refused

_RETELL = re.compile(r"v=([0-9]{1,16}),d=([0-9a-f]{64})", re.ASCII)


def timestamped(evidence: Evidence, options: Options) -> Verified:
    """`t=<seconds>,v1=<hex>[,v1=…]` over `t.body` (Stripe, Calendly, ElevenLabs)."""
    header = evidence.header(options["header"])
    pairs = [part.strip().partition(b"=") for part in header.split(b",")[: MOST_SIGNATURES + 1]]
    times = [value for name, _, value in pairs if name == b"t"]
    scheme = str(options["scheme"]).encode()
    signatures = [value for name, _, value in pairs if name == scheme]
    if len(times) != 1:
        raise refused(f"{options['header']} does not hold one time `t=`")
    past = timedelta(seconds=options["tolerance_past"])
    moment = fresh(times[0], evidence, past)
    expected = digests(evidence.secrets, times[0] + b"." + evidence.body)
    matches = [is_any(binascii.unhexlify(value), expected) for value in signatures]
    if not any(matches):
        raise refused(UNPROVED if signatures else f"no `{options['scheme']}=` in the header")
    return Verified(moment, accepted_for=TOLERANCE + past)


def slack(evidence: Evidence, options: Options) -> Verified:
    """`v0=<hex>` over `v0:time:body`."""
    sent_at = evidence.header("x-slack-request-timestamp")
    moment = fresh(sent_at, evidence)
    given = binascii.unhexlify(without_prefix(evidence.header(options["header"]), "v0="))
    prove(given, digests(evidence.secrets, b":".join((b"v0", sent_at, evidence.body))))
    return Verified(moment)


def retell(evidence: Evidence, options: Options) -> Verified:
    """`v=<ms>,d=<hex>` over body and time, with nothing between them."""
    match = _RETELL.fullmatch(evidence.header(options["header"]).decode("ascii"))
    if match is None:
        raise refused(f"{options['header']} is not of the form `v=…,d=…`")
    sent_at = match[1].encode()
    moment = fresh(sent_at, evidence)
    prove(binascii.unhexlify(match[2]), digests(evidence.secrets, evidence.body + sent_at))
    return Verified(moment)
