"""Access tokens of Google: got with a service account's key or a refresh token, kept while valid.

RFC 7523 (a signed assertion) and RFC 6749, section 6 (a refresh token).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from time import monotonic
from time import time as wall_clock  # noqa: TID251 - Google compares it with its own; clients have no Clock
from typing import Any

from hub.connectors.connections import ConnectionSettings
from hub.connectors.http import Http, HttpAnswer, excerpt, failure_of
from hub.errors import Permanent, StepFailed, Transient

AUDIENCE = "https://oauth2.googleapis.com/token"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_SECONDS = 3600  # of an assertion, by Google
_EARLY_SECONDS = 60  # a token is not used in its last minute
_NO_CONSENT = frozenset({"access_denied", "invalid_client", "invalid_grant", "unauthorized_client"})


class TimeLeft:
    """What is left of an attempt (E9): it asks several times, and ends once."""

    def __init__(self, timeout: timedelta, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._end = now() + timeout.total_seconds()

    def __call__(self) -> timedelta:
        """The time left; raises `Transient("timeout")` when there is none: nothing is begun."""
        left = self._end - self._now()
        if left <= 0:
            raise Transient("timeout", "the time of the attempt was over before Google was asked")
        return timedelta(seconds=left)


@dataclass(frozen=True)
class _Token:
    text: str
    usable_until: float


class Tokens:
    """The tokens of one connection, one for each scope; safe for threads. They are never shown."""

    def __init__(
        self,
        http: Http,
        *,
        wall: Callable[[], float] = wall_clock,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        self._http, self._wall, self._steady = http, wall, steady
        self._asking = Lock()
        self._kept: dict[str, _Token] = {}

    def get(self, settings: ConnectionSettings, scope: str, left: TimeLeft) -> str:
        """A token for the scope; one thread asks, the others wait for it. Raises `StepFailed`.

        Nothing was done then: no failure is `maybe_done`.
        """
        kept = self._kept.get(scope)
        if kept is not None and self._steady() < kept.usable_until:
            return kept.text
        if not self._asking.acquire(timeout=left().total_seconds()):
            raise Transient("timeout", "no access token of Google came in time")
        try:
            kept = self._kept.get(scope)
            if kept is None or self._steady() >= kept.usable_until:
                kept = self._kept[scope] = self._asked(settings, scope, left)
        except StepFailed as failure:
            failure.maybe_done = False
            raise
        else:
            return kept.text
        finally:
            self._asking.release()

    def drop(self, scope: str, token: str) -> None:
        """Forget a token that was refused, unless another thread has got a new one already.

        Without the lock, which may be held for longer than this attempt lasts (E9): at worst a new
        token is forgotten too, and asked for once more.
        """
        kept = self._kept.get(scope)
        if kept is not None and kept.text == token:
            self._kept.pop(scope, None)

    def _asked(self, settings: ConnectionSettings, scope: str, left: TimeLeft) -> _Token:
        form = _form(settings, scope, int(self._wall()))
        asked_at = self._steady()
        url = f"{settings.base_url.rstrip('/')}/token" if settings.base_url else AUDIENCE
        answer = self._http.exchange("POST", url, data=form, timeout=left())
        hidden = [form[name] for name in form if name != "grant_type"]
        failure = _refusal(answer, settings.name, hidden)
        if failure is not None:
            raise failure
        said = answer.json if isinstance(answer.json, dict) else {}
        token, seconds = said.get("access_token"), said.get("expires_in")
        if not isinstance(token, str) or not token:
            raise Transient("unavailable", "Google gave an answer that is no token", status=200)
        life = seconds if isinstance(seconds, int) else 0
        return _Token(token, asked_at + life - _EARLY_SECONDS)


def account_of(settings: ConnectionSettings) -> str:
    """Who signs in, for people to read; raises `Permanent("not_configured")`."""
    if not settings.credentials.get("service_account_key"):
        return "the user who gave the refresh token"
    email = str(_key_of(settings)["client_email"])
    subject = settings.options.get("subject")
    return f"the service account {email}" + (f" in the name of {subject}" if subject else "")


def _form(settings: ConnectionSettings, scope: str, now: int) -> dict[str, str]:
    given = settings.credentials
    if not given.get("service_account_key"):
        names = ("client_id", "client_secret", "refresh_token")
        return {"grant_type": "refresh_token", **{name: given[name] for name in names}}
    key = _key_of(settings)
    claims = {
        "iss": key["client_email"],
        "scope": scope,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + _LONGEST_SECONDS,
    }
    if settings.options.get("subject"):
        claims["sub"] = settings.options["subject"]
    return {"grant_type": _JWT_BEARER, "assertion": _signed(settings, key, claims)}


def _key_of(settings: ConnectionSettings) -> Mapping[str, Any]:
    try:
        key = json.loads(settings.credentials["service_account_key"])
    except ValueError:
        key = None
    wanted = ("client_email", "private_key")
    if not isinstance(key, dict) or not all(isinstance(key.get(name), str) for name in wanted):
        raise _unreadable(settings)
    return key


def _signed(settings: ConnectionSettings, key: Mapping[str, Any], claims: Any) -> str:
    """The claims as a JWT, RS256."""
    # Loaded by the first token: most hubs call nobody at Google.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        private = load_pem_private_key(key["private_key"].encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, RSAPrivateKey):
        raise _unreadable(settings)
    head = {"alg": "RS256", "typ": "JWT"}
    if isinstance(key.get("private_key_id"), str):
        head["kid"] = key["private_key_id"]
    body = b".".join(_encoded(json.dumps(each).encode()) for each in (head, claims))
    return (body + b"." + _encoded(private.sign(body, PKCS1v15(), SHA256()))).decode()


def _encoded(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _unreadable(settings: ConnectionSettings) -> Permanent:
    return Permanent(
        "not_configured",
        f"the connection {settings.name} of hub.yaml: the secret of"
        " credentials.service_account_key is not the JSON key of a service account",
    )


def _refusal(answer: HttpAnswer, connection: str, hidden: list[str]) -> StepFailed | None:
    """Why there is no token; the token endpoint has a form of its own (RFC 6749, section 5.2)."""
    failure = failure_of(answer, what="the sign-in at Google", hidden=hidden)
    said = answer.json if isinstance(answer.json, dict) else {}
    if failure is None or said.get("error") not in _NO_CONSENT:
        return failure
    told = excerpt(f"{said['error']}: {said.get('error_description', '')}", hidden=hidden)
    return Permanent(
        "unauthorized",
        f"Google does not let the connection {connection} of hub.yaml sign in: {told}",
        status=answer.status,
    )
