"""Google as its reference describes it: the token endpoint, and three interfaces behind it.

It verifies what Google verifies: an assertion's signature, audience, scope and times; the bearer
token, its end and its scopes; media types, unknown fields and parameters.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from time import time  # noqa: TID251 - assertions tell the real time, and Google compares it
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.google_calendar import Calendars
from tests.fakes.google_errors import Refused
from tests.fakes.google_gmail import Mailbox
from tests.fakes.google_sheets import Spreadsheets
from tests.fakes.services import CUT, Answer, Behaviour, FakeService, Received

ACCOUNT = "hub@project.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"
SCOPES = "https://www.googleapis.com/auth/"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT = {"client_id": "1.apps.example", "client_secret": "GOCSPX-1", "refresh_token": "1//refresh"}

_FORM = "application/x-www-form-urlencoded"
_SKEW = 300
_LIFE = 3600
_KEY_ID = "a1b2c3"


@cache
def private_key() -> RSAPrivateKey:
    """The account's key, made once: it takes a while."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def key_file(key: RSAPrivateKey | None = None, **changed: str) -> str:
    """The file that the console gives for a service account."""
    pem = (key or private_key()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": _KEY_ID,
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "client_id": "117",
            "token_uri": AUDIENCE,
            **changed,
        }
    )


@dataclass(frozen=True)
class Grant:
    """What a token stands for; `subject` is the user it acts for, None: the account itself."""

    scopes: frozenset[str]
    ends_at: float
    subject: str | None


class FakeGoogle(FakeService):
    """One service account and one user's consent, with a calendar, a mailbox and a spreadsheet."""

    def __init__(self) -> None:
        super().__init__()
        self.calendars = Calendars()
        self.mailbox = Mailbox()
        self.sheets = Spreadsheets()
        self.delegates: set[str] = set()
        self.consented = frozenset({f"{SCOPES}calendar", f"{SCOPES}gmail.send"})
        self.token_seconds = _LIFE
        self.grants: dict[str, Grant] = {}
        self._refusals: deque[Answer] = deque()
        self._lost = 0

    @property
    def asked_for_tokens(self) -> int:
        return sum(each.path == "/token" for each in self.requests)

    def refuses_with(self, *answers: Answer) -> None:
        """The next requests with a good token are refused so, one each; nothing is done."""
        self._refusals.extend(answers)

    def loses_answers(self, count: int = 1) -> None:
        """The next requests to the interfaces are done, and their answers are lost."""
        self._lost = count

    def revoke_tokens(self) -> None:
        """No token that was given is good any more."""
        self.grants.clear()

    def received(self, request: Received) -> Behaviour:
        behaviour = super().received(request)
        with self._lock:
            if request.path == "/token" or not self._lost:
                return behaviour
            self._lost -= 1
            return CUT

    def answer(self, request: Received) -> Answer:
        if request.path == "/token":
            return self._token(request)
        try:
            grant = self._grant(request)
            if self._refusals:
                return self._refusals.popleft()
            for prefix, scopes, part in self._parts():
                if request.path.startswith(prefix):
                    _demand_scope(grant, scopes)
                    path = request.path.removeprefix(prefix)
                    return cast("Answer", part.answer(request, path, grant.subject))
        except Refused as refused:
            return refused.answer
        return Answer(404, b"<!DOCTYPE html>Not Found", {"Content-Type": "text/html"})

    def _parts(self) -> tuple[tuple[str, frozenset[str], Any], ...]:
        return (
            ("/calendar/v3/", frozenset({f"{SCOPES}calendar"}), self.calendars),
            (
                "/gmail/v1/users/me/",
                frozenset({f"{SCOPES}gmail.send", "https://mail.google.com/"}),
                self.mailbox,
            ),
            (
                "/v4/spreadsheets/",
                frozenset({f"{SCOPES}spreadsheets", f"{SCOPES}drive"}),
                self.sheets,
            ),
        )

    def _grant(self, request: Received) -> Grant:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self.grants.get(token) if kind == "Bearer" else None
        if grant is None or grant.ends_at <= time():
            raise Refused(401, "authError", "Invalid Credentials", "UNAUTHENTICATED")
        return grant

    # ----------------------------------------------------------------------------------- tokens

    def _token(self, request: Received) -> Answer:
        if request.method != "POST" or request.headers.get("content-type") != _FORM:
            return _no("invalid_request", "Missing required parameter: grant_type")
        form = request.form
        if form.get("grant_type") == JWT_BEARER and set(form) == {"grant_type", "assertion"}:
            return self._by_assertion(form["assertion"])
        if form.get("grant_type") == "refresh_token":
            given = {name: form.get(name) for name in CLIENT}
            if {given["client_id"], given["client_secret"]} != {
                CLIENT["client_id"],
                CLIENT["client_secret"],
            }:
                return _no("invalid_client", "The OAuth client was not found.", 401)
            if given["refresh_token"] != CLIENT["refresh_token"]:
                return _no("invalid_grant", "Token has been expired or revoked.")
            return self._given(self.consented, "user@example.com")
        return _no("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")

    def _by_assertion(self, assertion: str) -> Answer:
        try:
            claims = _verified(assertion)
        except (ValueError, KeyError, InvalidSignature):
            return _no("invalid_grant", "Invalid JWT Signature.")
        mistake = _mistake(claims)
        if mistake is not None:
            return mistake
        subject = claims.get("sub")
        if subject is not None and subject not in self.delegates:
            return _no(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not"
                " authorized for any of the scopes requested.",
                401,
            )
        return self._given(frozenset(claims["scope"].split()), subject)

    def _given(self, scopes: frozenset[str], subject: str | None) -> Answer:
        token = f"ya29.token-{len(self.grants)}-{self.asked_for_tokens}"
        self.grants[token] = Grant(scopes, time() + self.token_seconds, subject)
        said = {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"}
        return Answer.of(said)


def _mistake(claims: Mapping[str, Any]) -> Answer | None:
    """What is wrong with the claims of an assertion."""
    issued, ends = claims.get("iat"), claims.get("exp")
    if (
        not isinstance(issued, int)
        or not isinstance(ends, int)
        or not 0 < ends - issued <= _LIFE
        or not issued - _SKEW <= time() < ends
    ):
        return _no(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable"
            " timeframe. Check your iat and exp values in the JWT claim.",
        )
    if claims.get("aud") != AUDIENCE:
        return _no("invalid_grant", "Invalid JWT: Failed audience check.")
    if claims.get("iss") != ACCOUNT:
        return _no("invalid_grant", "Invalid grant: account not found")
    scopes = str(claims.get("scope", "")).split()
    if not scopes or not all(each.startswith("https://") for each in scopes):
        return _no("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return None


def _demand_scope(grant: Grant, scopes: frozenset[str]) -> None:
    if not grant.scopes & scopes:
        raise Refused(
            403,
            "insufficientPermissions",
            "Request had insufficient authentication scopes.",
            "PERMISSION_DENIED",
        )


def _verified(assertion: str) -> Mapping[str, Any]:
    head, claims, signature = assertion.split(".")
    said = json.loads(_decoded(head))
    if said["alg"] != "RS256" or said.get("kid", _KEY_ID) != _KEY_ID:
        raise ValueError("another algorithm or key")
    private_key().public_key().verify(
        _decoded(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256()
    )
    return cast("Mapping[str, Any]", json.loads(_decoded(claims)))


def _decoded(part: str) -> bytes:
    if "=" in part or "+" in part or "/" in part:
        raise ValueError("not base64url without padding")
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _no(error: str, description: str, status: int = 400) -> Answer:
    return Answer.of({"error": error, "error_description": description}, status)
