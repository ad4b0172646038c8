"""Which card comes to what on the mock page (B-25): pure. Numbers are compared and forgotten."""

from __future__ import annotations

DECLINED, EXPIRED = "4000000000000002", "4000000000000069"
SUCCESS = "4111111111111111"


def refusal(number: str) -> str | None:
    """What the page says of a card that is not taken; None: it is, as every other card."""
    digits = "".join(each for each in number if each.isdigit())
    told = {
        DECLINED: "Card Declined. Try again with another card.",
        EXPIRED: "Payment Failed: the card has expired. Try again with another card.",
    }
    return told.get(digits)
