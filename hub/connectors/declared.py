"""Actions of other services that have a signature and no function yet: payments.

Files that use one are checked completely; their workflows are not served until it is implemented.
Who implements one writes the function in a connector of its own and deletes its part here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.action import declare


@dataclass(frozen=True)
class PaymentWanted:
    """What is to be paid: the amount in the smallest unit of the currency."""

    amount: int
    currency: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class PaymentIntent:
    """What the payer's browser needs."""

    id: str
    client_secret: str


@dataclass(frozen=True)
class PaymentIdentity:
    """Which payment is meant."""

    payment_intent_id: str


@dataclass(frozen=True)
class PaymentUndone:
    """Whether it was still open, or paid."""

    state: Literal["cancelled", "refunded"]


STRIPE_CREATE_PAYMENT_INTENT = declare(
    "stripe.create_payment_intent",
    summary="Create a payment intent",
    takes=PaymentWanted,
    gives=PaymentIntent,
    effect="keyed",
    errors=("card_declined",),
    example={"id": "pi_1", "client_secret": "pi_1_secret"},
    outward=True,
)
STRIPE_CANCEL_OR_REFUND = declare(
    "stripe.cancel_or_refund",
    summary="Cancel an open payment intent or refund a paid one",
    takes=PaymentIdentity,
    gives=PaymentUndone,
    effect="keyed",
    example={"state": "cancelled"},
    outward=True,
)
