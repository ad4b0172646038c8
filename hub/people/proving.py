"""What a provider of OpenID Connect must say before somebody is who they say they are. Pure.

OpenID Connect Core 1.0, 3.1.3.7; RFC 9207 for answers that name their issuer.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry

from hub.errors import NotPossible
from hub.people.accounts import read_email
from hub.people.signing_in import NotProved
from hub.people.tokens import new_token

BEGUN_FOR = timedelta(minutes=10)
_LEEWAY = 60  # seconds that two clocks may differ
_ASYMMETRIC = ("RSA", "EC")
_LONGEST_TOKEN = 16_384  # characters
_BEGUN_ELSEWHERE = "This sign-in was begun elsewhere, or took too long. Begin again."


@dataclass(frozen=True)
class Trust:
    """Whom we ask, who we are to them, and what we take from them."""

    name: str
    issuer: str
    client_id: str
    algorithms: Sequence[str]
    scopes: Sequence[str]
    domains: Sequence[str] = ()


@dataclass(frozen=True)
class Places:
    """Where the provider answers what, as its discovery document says."""

    authorize: str
    token: str
    keys: str
    is_issuer_named: bool  # in each answer that a browser brings (RFC 9207)
    takes_basic: bool  # how we prove ourselves to it: by a header, or in the form


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun in one browser; it keeps this, sealed, until it comes back."""

    state: str
    nonce: str
    verifier: str
    issuer: str
    target: str
    until: float

    def written(self) -> bytes:
        """As the browser keeps it, before it is sealed."""
        return json.dumps(asdict(self)).encode()


def begin(trust: Trust, target: str, now: datetime) -> Begun:
    """Three secrets of one sign-in; `target` is the page that was wanted."""
    return Begun(
        state=new_token(),
        nonce=new_token(),
        verifier=new_token(),
        issuer=trust.issuer,
        target=target,
        until=(now + BEGUN_FOR).timestamp(),
    )


def read_begun(written: bytes) -> Begun:
    """What `Begun.written` wrote; raises `NotProved` for another form."""
    try:
        return Begun(**json.loads(written))
    except (TypeError, ValueError):
        raise NotProved("nothing_begun", _BEGUN_ELSEWHERE) from None


def read_places(trust: Trust, document: Any) -> Places:
    """What a discovery document says; raises `NotProved` when it is another issuer's, or none."""
    said = document if isinstance(document, Mapping) else {}
    places = [said.get(f"{name}_endpoint") for name in ("authorization", "token")]
    authorize, token, keys = places = [*places, said.get("jwks_uri")]
    safe = ("https://", "http://") if trust.issuer.startswith("http://") else ("https://",)
    if said.get("issuer") != trust.issuer or not all(
        isinstance(each, str) and each.startswith(safe) for each in places
    ):
        raise NotProved(
            "wrong_discovery",
            f"What {trust.name} says about itself does not fit the issuer of hub.yaml.",
        )
    methods = said.get("token_endpoint_auth_methods_supported")
    return Places(
        authorize=str(authorize),
        token=str(token),
        keys=str(keys),
        is_issuer_named=said.get("authorization_response_iss_parameter_supported") is True,
        takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def authorization_url(trust: Trust, places: Places, begun: Begun, back: str) -> str:
    """Where the browser goes; it comes `back` with a code."""
    challenge = urlsafe_b64encode(sha256(begun.verifier.encode()).digest()).rstrip(b"=")
    query = {
        "response_type": "code",
        "client_id": trust.client_id,
        "redirect_uri": back,
        "scope": " ".join(trust.scopes),
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    return f"{places.authorize}{'&' if '?' in places.authorize else '?'}{urlencode(query)}"


def check_return(
    trust: Trust, places: Places, begun: Begun | None, said: Mapping[str, str], now: datetime
) -> tuple[Begun, str]:
    """What was begun and the code that came back; raises `NotProved` when they do not fit."""
    if begun is None or begun.issuer != trust.issuer or begun.until < now.timestamp():
        raise NotProved("nothing_begun", _BEGUN_ELSEWHERE)
    if not compare_digest(begun.state.encode(), said.get("state", "").encode()):
        raise NotProved("wrong_state", _BEGUN_ELSEWHERE)
    issuer = said.get("iss")
    if issuer != trust.issuer and (issuer is not None or places.is_issuer_named):
        raise NotProved("wrong_issuer", f"This answer is not from {trust.name}. Begin again.")
    code = said.get("code")
    if "error" in said or not code:
        why = said.get("error", "")
        told = f" ({why})" if why.isascii() and why.replace("_", "").isalpha() else ""
        raise NotProved("refused_there", f"{trust.name} did not let you in{told[:60]}.")
    return begun, code


def read_keys(document: Any) -> KeySet:
    """The keys that signatures are checked with; what cannot be used for that is left out."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    found = (_key(each) for each in (listed if isinstance(listed, list) else ()))
    return KeySet([key for key in found if key is not None])


def _key(said: Any) -> Key | None:
    """Never a shared secret, whatever is said."""
    is_ours = (
        isinstance(said, dict)
        and said.get("kty") in _ASYMMETRIC
        and said.get("use", "sig") == "sig"
    )
    try:
        return JWKRegistry.import_key(said) if is_ours else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


class UnknownKey(NotProved):
    """Signed with a key that is not among these: perhaps with one that is new."""


def read_email_of(trust: Trust, keys: KeySet, token: str, *, nonce: str, now: datetime) -> str:
    """The e-mail address that an id token proves. Raises `NotProved`."""
    claims = _claims(trust, keys, token)
    expected = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_LEEWAY,
        iss={"essential": True, "value": trust.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": trust.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        expected.validate(dict(claims))
    except JoseError as wrong:
        raise _untrusted(trust, f"claims_{wrong.error}") from wrong
    if not isinstance(claims["nonce"], str) or not _is_for_us_alone(trust, claims):
        raise _untrusted(trust, "claims_invalid")
    return _email(trust, claims)


def _claims(trust: Trust, keys: KeySet, token: str) -> Mapping[str, Any]:
    if len(token) > _LONGEST_TOKEN:
        raise _untrusted(trust, "too_long")
    # Providers add headers of their own: those that must be understood (`crit`) still are refused.
    rules = JWSRegistry(algorithms=list(trust.algorithms), strict_check_header=False)
    try:
        return jwt.decode(token, keys, algorithms=list(trust.algorithms), registry=rules).claims
    except InvalidKeyIdError as unknown:
        raise UnknownKey("unknown_key", _untrusted(trust, "").args[0]) from unknown
    except (JoseError, ValueError, TypeError) as wrong:
        raise _untrusted(trust, getattr(wrong, "error", "") or "unreadable") from wrong


def _is_for_us_alone(trust: Trust, claims: Mapping[str, Any]) -> bool:
    """A token for several must say that it was given to us."""
    given_to = claims.get("azp")
    is_for_several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    return given_to == trust.client_id or (given_to is None and not is_for_several)


def _email(trust: Trust, claims: Mapping[str, Any]) -> str:
    said = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(said, str):
        raise NotProved(
            "unverified_email",
            f"{trust.name} does not say that your e-mail address is verified.",
        )
    try:
        email = read_email(said)
    except NotPossible as odd:
        raise NotProved("odd_email", f"{trust.name} gives no e-mail address that fits.") from odd
    if trust.domains and email.rpartition("@")[2] not in trust.domains:
        wanted = " or ".join(trust.domains)
        raise NotProved("other_domain", f"{email} is not an address of {wanted}.", email)
    return email


def _untrusted(trust: Trust, reason: str) -> NotProved:
    said = f"The answer of {trust.name} could not be verified, so nobody was signed in. Try again."
    return NotProved(reason, said)
