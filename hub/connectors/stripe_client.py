"""One account at Stripe: what hub.yaml says of it, and its API of forms and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Field,
    configured,
    told_by,
)
from hub.connectors.http import Http, HttpAnswer
from hub.connectors.stripe_answers import failure

_BASE_URL = "https://api.stripe.com"

STRIPE = ConnectionType(
    name="stripe",
    title="Stripe, payments",
    actions=(
        "stripe.create_payment_intent",
        "stripe.get_payment_intent",
        "stripe.cancel_or_refund",
    ),
    credentials=(Field("api_key", "secret or restricted key: sk_… or rk_…"),),
    options=(Field("api_version", "version of its API, else the account's own", required=False),),
    base_url=Field("base_url", "default https://api.stripe.com", required=False),
)


class StripeClient:
    """One account; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def post(
        self, path: str, form: Mapping[str, str], *, key: str | None, timeout: timedelta
    ) -> HttpAnswer:
        """Change something; raises `StepFailed`."""
        return self._request("POST", path, form, key=key, timeout=timeout)

    def get(self, path: str, query: Mapping[str, str], *, timeout: timedelta) -> HttpAnswer:
        """Ask for something; raises `StepFailed`."""
        return self._request("GET", path, query, key=None, timeout=timeout)

    def check(self) -> str:
        """Whether Stripe knows the key, and if it is one for tests; raises `StepFailed`."""
        answer = self.get("balance", {}, timeout=CHECK_TIME)
        said = told_by("Stripe", answer.json, "object")
        kind = "real payments" if said.get("livemode") is True else "test payments"
        return f"Stripe takes the key, which is for {kind}"

    def _request(
        self,
        method: str,
        path: str,
        parts: Mapping[str, str],
        *,
        key: str | None,
        timeout: timedelta,
    ) -> HttpAnswer:
        settings = configured(self._settings, STRIPE)
        secret = settings.credentials["api_key"]
        headers = {"Authorization": f"Bearer {secret}"}
        if version := settings.options.get("api_version"):
            headers["Stripe-Version"] = version
        if key is not None:
            headers["Idempotency-Key"] = key
        answer = self._http.exchange(
            method,
            f"{(settings.base_url or _BASE_URL).rstrip('/')}/v1/{path}",
            headers=headers,
            timeout=timeout,
            **({"data": parts} if method == "POST" else {"query": parts}),  # type: ignore[arg-type]
        )
        failed = failure(answer, hidden=(secret,))
        if failed is not None:
            raise failed
        return answer
