"""`console` of hub.yaml: how people sign in."""

from __future__ import annotations

from collections.abc import Callable

from hub.engine.compile.reader import Reader, Record
from hub.engine.language.project import CONSOLE, DOMAIN, PROVIDER, SCOPE, SIGN_IN, SIGNED_BY
from hub.engine.settings import SignIn, SignInProvider
from hub.engine.yaml_profile import Node, Sequence

SecretName = Callable[[Node], str | None]
_OPENID = "openid"


def sign_in(reader: Reader, node: Node | None, secret: SecretName) -> SignIn:
    """The ways into the console; what is wrong with them is a finding. `secret` reads a name."""
    console = None if node is None else reader.record(node, CONSOLE)
    inner = None if console is None else console.get("sign_in")
    record = None if inner is None else reader.record(inner, SIGN_IN)
    if record is None:
        return SignIn()
    has_passwords, place = record.read("passwords"), record.get("provider")
    if place is None:
        if not has_passwords:
            message = "without passwords and without a `provider` nobody could sign in"
            reader.refuse(110, message, record.get("passwords") or record.node)
        return SignIn()
    return SignIn(has_passwords=has_passwords, provider=_provider(reader, place, secret))


def _provider(reader: Reader, node: Node, secret: SecretName) -> SignInProvider | None:
    record = reader.record(node, PROVIDER)
    if record is None:
        return None
    name, issuer, client = (record.read(key) for key in ("name", "issuer", "client_id"))
    place = record.get("client_secret")
    named = None if place is None else secret(place)
    usual = SignInProvider("", "", "", "")
    algorithms, scopes = _algorithms(record), _texts(record, "scopes")
    if scopes and _OPENID not in scopes:
        message = "`scopes` needs `openid`: without it there is no token to prove anybody"
        reader.refuse(110, message, record.get("scopes") or record.node)
    if None in (name, issuer, client, named):
        return None
    return SignInProvider(
        name=name,
        issuer=issuer,
        client_id=client,
        secret=named or "",
        algorithms=algorithms or usual.algorithms,
        scopes=scopes or usual.scopes,
        domains=_texts(record, "domains"),
    )


def _algorithms(record: Record) -> tuple[str, ...]:
    items = _items(record, "algorithms")
    found = (record.reader.choice(item, SIGNED_BY, what="an algorithm") for item in items)
    return tuple(each for each in found if each is not None)


def _texts(record: Record, key: str) -> tuple[str, ...]:
    kind = SCOPE if key == "scopes" else DOMAIN
    found = (record.reader.name(item, kind, what=f"one of `{key}`") for item in _items(record, key))
    return tuple(each for each in found if each is not None)


def _items(record: Record, key: str) -> tuple[Node, ...]:
    node = record.get(key)
    items = () if node is None else record.reader.items(node, what=f"`{key}`")
    if isinstance(node, Sequence) and not items:
        record.reader.refuse(110, f"`{key}` is empty: leave it out, or name what it holds", node)
    return items
