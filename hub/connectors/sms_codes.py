"""What the error codes of SMS services mean, as data; one table for each provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Verdict = tuple[Literal["permanent", "transient"], str]

# What an error code means, for each provider: the same number may mean something else (21606,
# 21612, 30001, 30002). The vendors refine the codes, so the HTTP status is looked at first and a
# code that is not listed leaves the status's own meaning. With all of these nothing was sent.
_TWILIO: Mapping[str, Verdict] = {
    "20003": ("permanent", "unauthorized"),
    "20429": ("transient", "rate_limited"),
    "21211": ("permanent", "invalid_number"),
    "21217": ("permanent", "invalid_number"),
    "21408": ("permanent", "sender_not_allowed"),
    "21606": ("permanent", "sender_not_allowed"),
    "21608": ("permanent", "sender_not_allowed"),
    "21610": ("permanent", "opted_out"),
    "21611": ("transient", "rate_limited"),
    "21612": ("permanent", "sender_not_allowed"),
    "21614": ("permanent", "invalid_number"),
    "21617": ("permanent", "invalid_input"),
    "21659": ("permanent", "sender_not_allowed"),
    "30001": ("transient", "rate_limited"),
    "30002": ("permanent", "unauthorized"),
    "30003": ("transient", "unavailable"),
    "30004": ("permanent", "blocked"),
    "30005": ("permanent", "invalid_number"),
    "30006": ("permanent", "invalid_number"),
    "30007": ("permanent", "blocked"),
    "30034": ("permanent", "sender_not_allowed"),
}
ERROR_CODES: Mapping[str, Mapping[str, Verdict]] = {
    "twilio": _TWILIO,
    "signalwire": {
        **_TWILIO,
        "21606": ("permanent", "invalid_number"),
        "21612": ("permanent", "invalid_input"),
        "21717": ("permanent", "sender_not_allowed"),
        "30001": ("permanent", "rejected"),
        "30002": ("permanent", "sender_not_allowed"),
    },
}
