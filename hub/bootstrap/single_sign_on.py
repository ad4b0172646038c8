"""The provider of `console.sign_in`: asked through the one guarded way out (S3), and remembered.

Where it answers what, and its keys, are asked for once an hour; its keys also when something is
signed with one that is not among them, but not more than once a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote_plus

from joserfc.jwk import KeySet

from hub.bootstrap.secrets import Secrets
from hub.connectors.http import Http
from hub.connectors.http.answers import HttpAnswer
from hub.engine.settings import SignInProvider
from hub.errors import StepFailed
from hub.people import proving
from hub.people.proving import Begun, Places, Trust, UnknownKey
from hub.people.signing_in import NotProved

_Found = TypeVar("_Found")
_REMEMBERED = timedelta(hours=1)
_AGAIN_AFTER = timedelta(minutes=1)
_TIMEOUT = timedelta(seconds=10)
_DISCOVERY = "/.well-known/openid-configuration"
_REFUSED, _FIRST_FAULT = (400, 401), 500


class Provider:
    """One provider of one `hub.yaml`; safe for threads: who comes at once asks twice at worst."""

    def __init__(
        self, declared: SignInProvider, secrets: Secrets, http: Http, *, public_url: str
    ) -> None:
        self.declared, self._secrets, self._http = declared, secrets, http
        self.back = f"{public_url}/admin/sign-in/back"
        self.trust = Trust(
            name=declared.name,
            issuer=declared.issuer,
            client_id=declared.client_id,
            algorithms=declared.algorithms,
            scopes=declared.scopes,
            domains=declared.domains,
        )
        self._places: tuple[datetime, Places] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def begin(self, target: str, now: datetime) -> tuple[Begun, str]:
        """A new sign-in, and where the browser goes. Raises `NotProved`."""
        self._secret()
        begun = proving.begin(self.trust, target, now)
        return begun, proving.authorization_url(self.trust, self._found(now), begun, self.back)

    def begun(self, kept: bytes) -> Begun:
        """The sign-in that a browser kept, unsealed. Raises `NotProved`."""
        return proving.read_begun(kept)

    def finish(self, begun: Begun | None, said: Mapping[str, str], now: datetime) -> str:
        """The e-mail address of who came back. Raises `NotProved`."""
        places = self._found(now)
        begun, code = proving.check_return(self.trust, places, begun, said, now)
        token = self._id_token(places, code, begun)
        read = partial(proving.read_email_of, self.trust, token=token, nonce=begun.nonce, now=now)
        try:
            return read(self._known_keys(places, now, _REMEMBERED))
        except UnknownKey:
            return read(self._known_keys(places, now, _AGAIN_AFTER))

    def _found(self, now: datetime) -> Places:
        if self._places is None or now - self._places[0] >= _REMEMBERED:
            document = self._asked(f"{self.trust.issuer.rstrip('/')}{_DISCOVERY}")
            self._places = now, proving.read_places(self.trust, document)
        return self._places[1]

    def _known_keys(self, places: Places, now: datetime, most: timedelta) -> KeySet:
        if self._keys is None or now - self._keys[0] >= most:
            self._keys = now, proving.read_keys(self._asked(places.keys))
        return self._keys[1]

    def _id_token(self, places: Places, code: str, begun: Begun) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": begun.verifier,
        }
        client, secret = self.trust.client_id, self._secret()
        if places.takes_basic:  # RFC 6749, 2.3.1: both are encoded as in a form
            pair = (quote_plus(client), quote_plus(secret))
            answer = self._tried(
                lambda: self._http.exchange(
                    "POST", places.token, timeout=_TIMEOUT, data=form, auth=pair
                )
            )
        else:
            form |= {"client_id": client, "client_secret": secret}
            answer = self._tried(
                lambda: self._http.exchange("POST", places.token, timeout=_TIMEOUT, data=form)
            )
        return self._token_of(answer)

    def _token_of(self, answer: HttpAnswer) -> str:
        said = answer.json if isinstance(answer.json, dict) else {}
        if answer.status in _REFUSED:
            if said.get("error") == "invalid_client":
                raise NotProved(
                    "wrong_client",
                    f"{self.trust.name} does not know this hub: its client id or secret is wrong."
                    " Tell an admin.",
                )
            raise NotProved(
                "code_refused", f"{self.trust.name} takes this answer no more. Begin again."
            )
        token = said.get("id_token")
        if not answer.is_success or not isinstance(token, str):
            raise self._away()
        return token

    def _asked(self, url: str) -> Any:
        answer = self._tried(lambda: self._http.exchange("GET", url, timeout=_TIMEOUT))
        if not answer.is_success:
            raise self._away()
        return answer.json

    def _tried(self, ask: Callable[[], _Found]) -> _Found:
        try:
            return ask()
        except StepFailed as failed:
            raise self._away() from failed

    def _away(self) -> NotProved:
        return NotProved(
            "provider_away",
            f"{self.trust.name} cannot be reached from here, or answers nothing that can be used."
            " Try again later.",
        )

    def _secret(self) -> str:
        name = self.declared.secret
        live = self._secrets.live(name)
        if not live:
            raise NotProved("no_secret", f"The secret {name} has no value here. Tell an admin.")
        return live[0]
