"""Sends webhooks as the outside does: over HTTP, with the credentials its vendors would use."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from hub.cli.console import one_line
from hub.cli.demo.sending import Sendable
from hub.errors import NotPossible

_JSON = {"content-type": "application/json"}
_PATIENCE = 20.0  # seconds for one answer


@dataclass(frozen=True)
class Answer:
    """What came back. `said` is the body on one line."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body; an empty object where it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return {}

    @property
    def said(self) -> str:
        """Status and body for a person; of a refusal what is wrong."""
        body = self.json
        if isinstance(body, dict) and "title" in body:
            errors = [f"{each['pointer']} {each['message']}" for each in body.get("errors", ())]
            return one_line(" ".join([str(self.status), str(body["title"]), *errors]), widest=150)
        return f"{self.status} {one_line(self.text, widest=150)}"


class Caller:
    """All callers of the demonstration; `secret` gives the value of a secret by its name."""

    def __init__(self, base_url: str, secret: Callable[[str], str]) -> None:
        self.base_url = base_url
        self._client = httpx.Client(base_url=base_url, timeout=_PATIENCE, trust_env=False)
        self._secret = secret

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def vapi(self, path: str, body: Any) -> Answer:
        """With the header that Vapi sends with every request."""
        return self._post(path, body, {"X-Vapi-Secret": self._secret("VAPI_WEBHOOK_SECRET")})

    def broker(self, path: str, body: Any) -> Answer:
        """With the broker's token."""
        token = self._secret("BROKER_API_TOKEN")
        return self._post(path, body, {"Authorization": f"Bearer {token}"})

    def calcom(self, path: str, body: Any) -> Answer:
        """Signed as Cal.com signs: HMAC-SHA256 over the raw body, in hex."""
        raw = json.dumps(body).encode()
        key = self._secret("CALCOM_WEBHOOK_SECRET").encode()
        signature = hmac.new(key, raw, hashlib.sha256).hexdigest()
        return self._send("POST", path, raw, {"X-Cal-Signature-256": signature})

    def retell(self, path: str, body: Any, *, now: datetime) -> Answer:
        """Signed as Retell signs: HMAC-SHA256 over the raw body and the time in milliseconds."""
        raw, moment = json.dumps(body).encode(), str(int(now.timestamp() * 1000))
        key = self._secret("RETELL_API_KEY").encode()
        digest = hmac.new(key, raw + moment.encode(), hashlib.sha256).hexdigest()
        return self._send("POST", path, raw, {"X-Retell-Signature": f"v={moment},d={digest}"})

    def stranger(self, path: str, body: Any) -> Answer:
        """With nothing that proves who it is."""
        return self._post(path, body, {})

    def send(self, request: Sendable) -> Answer:
        """What was made ready for an endpoint."""
        return self._send(request.method, request.target, request.body, request.headers)

    def get(self, path: str) -> Answer:
        """A look, without credentials."""
        return self._send("GET", path, b"", {})

    def _post(self, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        return self._send("POST", path, json.dumps(body).encode(), headers)

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            answer = self._client.request(method, path, content=body, headers={**_JSON, **headers})
        except httpx.HTTPError as problem:
            raise NotPossible(f"{method} {path} got no answer: {problem}") from problem
        return Answer(answer.status_code, answer.headers, answer.text)
