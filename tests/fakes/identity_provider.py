"""A provider of OpenID Connect: discovery, authorize, token, keys; from the public specifications.

It checks what real ones check (client, redirect address, PKCE, one use of each code). `lies` and
`forged` make it say what an attacker would want a client to believe.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus, urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, RSAKey

from tests.fakes.services import Answer, FakeService, Received

CLIENT, SECRET = "hub-console", "s3cret of the client: + & %"
DISCOVERY = "/.well-known/openid-configuration"


@cache
def key(name: str, kind: str) -> RSAKey | ECKey:
    """The key of this name, the same for the whole session."""
    said: KeyParameters = {"kid": name, "use": "sig"}
    if kind == "RSA":
        return RSAKey.generate_key(2048, parameters=said)
    return ECKey.generate_key("P-256", parameters=said)


@dataclass(frozen=True)
class _Granted:
    challenge: str
    back: str
    nonce: str


@dataclass
class Account:
    """Who is signed in there."""

    email: str = "ada@example.com"
    is_verified: Any = True


class FakeIdentityProvider(FakeService):
    """One provider with one client and one person."""

    def __init__(self) -> None:
        super().__init__()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251 - a story sets its own
        self.account = Account()
        self.algorithm, self.key_name = "RS256", "first"
        self.lies: dict[str, Any] = {}  # claims that replace the true ones; None takes one away
        self.forged: Forged | None = None
        self.discovery: dict[str, Any] = {}
        self._granted: dict[str, _Granted] = {}
        self._used: set[str] = set()

    @property
    def issuer(self) -> str:
        return self.url

    @property
    def keys(self) -> list[dict[str, Any]]:
        """What its key document lists."""
        return [
            {"kty": "made-up", "kid": "new-fangled"},
            dict(self._key("RSA").as_dict(private=False)),
            dict(self._key("EC").as_dict(private=False)),
        ]

    def asked(self, path: str) -> int:
        """How often somebody came for that."""
        return sum(each.path == path for each in self.requests)

    def _key(self, kind: str) -> RSAKey | ECKey:
        return key(f"{self.key_name}-{kind}", kind)

    def answer(self, request: Received) -> Answer:
        served = {
            ("GET", DISCOVERY): self._discovery,
            ("GET", "/authorize"): self._authorize,
            ("POST", "/token"): self._token,
            ("GET", "/keys"): lambda _: Answer.of({"keys": self.keys}),
        }.get((request.method, request.path))
        return Answer.of({"error": "not_found"}, 404) if served is None else served(request)

    def _discovery(self, _: Received) -> Answer:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return Answer.of({**said, **self.discovery})

    def _authorize(self, request: Received) -> Answer:
        """Its person is signed in and agrees: the browser goes back with a code at once."""
        said = {name: values[0] for name, values in request.query.items()}
        is_right = (
            said.get("client_id") == CLIENT
            and said.get("response_type") == "code"
            and "openid" in said.get("scope", "").split()
            and said.get("code_challenge_method") == "S256"
            and said.get("redirect_uri", "").endswith("/admin/sign-in/back")
        )
        if not is_right:
            return Answer(400, b"this client may not ask that")
        code = f"code-{len(self._granted)}"
        self._granted[code] = _Granted(
            said["code_challenge"], said["redirect_uri"], said.get("nonce", "")
        )
        back = urlencode({"code": code, "state": said.get("state", ""), "iss": self.issuer})
        return Answer(302, b"", {"Location": f"{said['redirect_uri']}?{back}"})

    def _token(self, request: Received) -> Answer:
        form = request.form
        if self._client(request, form) != (CLIENT, SECRET):
            return Answer.of({"error": "invalid_client"}, 401)
        granted = self._granted.get(form.get("code", ""))
        verifier = sha256(form.get("code_verifier", "").encode()).digest()
        is_right = (
            granted is not None
            and form["code"] not in self._used
            and form.get("grant_type") == "authorization_code"
            and form.get("redirect_uri") == granted.back
            and urlsafe_b64encode(verifier).rstrip(b"=").decode() == granted.challenge
        )
        if granted is None or not is_right:
            return Answer.of({"error": "invalid_grant"}, 400)
        self._used.add(form["code"])
        said = {"access_token": "a", "token_type": "Bearer", "expires_in": 300}
        return Answer.of({**said, "id_token": self.id_token(granted.nonce)})

    def _client(self, request: Received, form: dict[str, str]) -> tuple[str, str]:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return form.get("client_id", ""), form.get("client_secret", "")
        name, _, secret = b64decode(given).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)

    def id_token(self, nonce: str) -> str:
        now = int(self.now().timestamp())
        claims = {
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "email": self.account.email,
            "email_verified": self.account.is_verified,
            **self.lies,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return self.signed(claims) if self.forged is None else self.forged(self, claims)

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        """As it signs in earnest."""
        signer = self._key("RSA" if self.algorithm[:2] in {"RS", "PS"} else "EC")
        said = {"alg": self.algorithm, "kid": signer.kid, **header}
        return jwt.encode(said, claims, signer, algorithms=[self.algorithm])


Forged = Callable[[FakeIdentityProvider, dict[str, Any]], str]


def unsigned(_: FakeIdentityProvider, claims: dict[str, Any]) -> str:
    """`alg: none`: a token that anybody can write."""
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def signed_with_the_public_key(provider: FakeIdentityProvider, claims: dict[str, Any]) -> str:
    """HS256, with what is public as if it were a shared secret."""
    public = key(f"{provider.key_name}-RSA", "RSA").as_pem(private=False)
    signed = f"{_part({'alg': 'HS256', 'kid': f'{provider.key_name}-RSA'})}.{_part(claims)}"
    mac = hmac.new(public, signed.encode(), sha256).digest()
    return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def signed_by_another(provider: FakeIdentityProvider, claims: dict[str, Any]) -> str:
    """A key of somebody else's under the name of the provider's own."""
    said = {"alg": "ES256", "kid": f"{provider.key_name}-EC"}
    return jwt.encode(said, claims, key("somebody", "EC"), algorithms=["ES256"])


def changed_after_signing(provider: FakeIdentityProvider, claims: dict[str, Any]) -> str:
    """A right signature under other claims."""
    head, _, signature = provider.signed(claims).split(".")
    return f"{head}.{_part({**claims, 'email': 'eve@example.com'})}.{signature}"


def with_a_header_that_must_be_understood(
    provider: FakeIdentityProvider, claims: dict[str, Any]
) -> str:
    """Rightly signed, under a rule that nobody here knows (`crit`)."""
    signer = key(f"{provider.key_name}-RSA", "RSA")
    head = {"alg": "RS256", "kid": signer.kid, "crit": ["moon"], "moon": "full"}
    signed = f"{_part(head)}.{_part(claims)}"
    assert isinstance(signer, RSAKey)
    private = signer.get_op_key("sign")
    made = private.sign(signed.encode(), PKCS1v15(), SHA256())
    return f"{signed}.{urlsafe_b64encode(made).rstrip(b'=').decode()}"


def _part(said: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
