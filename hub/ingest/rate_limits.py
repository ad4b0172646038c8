"""How often an endpoint may be called: who counts together, and what is said to one too many.

Addresses are counted before anybody has proved himself, so that guessing has an end. Callers, and
the endpoint as a whole, are counted after it: strangers cannot use up what others may send.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv6Network, ip_address
from typing import Protocol

from hub.engine.workflow import RateLimit
from hub.errors import Rejected
from hub.ingest.dialects import Dialect, Reply, Unpacked
from hub.ingest.receipt import Outcome, Receipt

log = logging.getLogger(__name__)

UNITS = {
    timedelta(seconds=1): "second",
    timedelta(minutes=1): "minute",
    timedelta(hours=1): "hour",
    timedelta(days=1): "day",
}
_WHOM = {"endpoint": "", "ip": " from one address", "caller": " from one caller"}
_ONE_SITE = 64  # bits of an IPv6 address; the rest is the site's own to choose


class Admit(Protocol):
    """Counts one request under a key."""

    def __call__(self, key: str, *, most: int, window: timedelta) -> timedelta | None:
        """None when it may come in; else after how long one may."""


def refuse(
    admit: Admit, limit: RateLimit, workflow: str, *, who: str, request_id: str
) -> Rejected | None:
    """Count a request; the refusal of one too many, which is told in the log and stored nowhere."""
    wait = admit(f"{workflow}/{limit.per}/{who}", most=limit.count, window=limit.window)
    if wait is None:
        return None
    log.warning(
        "too many requests",
        extra={"request_id": request_id, "workflow": workflow, "rate_limit": in_words(limit)},
    )
    seconds = max(math.ceil(wait.total_seconds()), 1)
    unit = UNITS[limit.window]
    title = (
        f"Too many requests: this endpoint takes {limit.count} per {unit}{_WHOM[limit.per]}."
        f" Try again in {seconds} second{'' if seconds == 1 else 's'}."
    )
    return Rejected(429, title, retry_after=timedelta(seconds=seconds))


def in_words(limit: RateLimit) -> str:
    """As a workflow's file says it: `10 per minute per ip`."""
    counted = "" if limit.per == "endpoint" else f" per {limit.per}"
    return f"{limit.count} per {UNITS[limit.window]}{counted}"


def address(remote_ip: str | None) -> str:
    """What counts as one address: of IPv6 the network of a site, within which all are one's own."""
    try:
        given = ip_address(remote_ip or "")
    except ValueError:
        return remote_ip or ""
    if given.version == 4:  # noqa: PLR2004 - the protocol
        return str(given)
    if given.ipv4_mapped is not None:
        return str(given.ipv4_mapped)
    return str(IPv6Network((int(given), _ONE_SITE), strict=False).network_address)


def told(dialect: Dialect, unpacked: Unpacked, refusal: Rejected) -> Receipt:
    """The refusal as every call of the request hears it; raises it where a status is heard."""
    if unpacked.when_refused != "tell":
        raise refusal
    one = Outcome(Reply(refusal.title, status=refusal.status, is_failure=True), is_new=False)
    outcomes: Sequence[Outcome] = [one] * len(unpacked.calls)
    return Receipt(dialect, unpacked, tuple(outcomes), retry_after=refusal.retry_after)
