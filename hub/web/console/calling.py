"""How an endpoint is called: a command for a shell, as far as a shell can prove the caller. Pure.

The body is that of a test of the workflow, which is known to be right; secrets stand there by the
names of their variables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from shlex import quote
from typing import Any

from hub.engine.settings import AuthPreset
from hub.engine.workflow import Endpoint
from hub.ingest.signatures import AuthType
from hub.ingest.signatures.evidence import Verifier
from hub.ingest.signatures.hmac_of_body import hmac_of_body
from hub.ingest.signatures.shared_secret import basic, bearer, public, shared_header
from hub.testing.plan import Trial
from hub.values import plain

_READS = frozenset({"json", "vapi.tool"})  # dialects that take the plain payload as a body
Options = Mapping[str, Any]


def curl(
    endpoint: Endpoint,
    preset: AuthPreset | None,
    kinds: Mapping[str, AuthType],
    *,
    url: str,
    trials: Sequence[Trial],
) -> str | None:
    """The command; None where no shell can prove the caller, or no test says what comes in."""
    body = body_of(endpoint, trials)
    kind = _kind(preset, kinds)
    proof = _PROOFS.get(kind.verify)
    has_body = endpoint.method not in {"GET", "DELETE"}
    if proof is None or (has_body and body is None):
        return None
    options = kind.chosen({} if preset is None else preset.options)
    secret = "" if preset is None or not preset.secrets else preset.secrets[0]
    before, headers = proof(secret, options)
    lines = [f"curl -X {endpoint.method} {quote(url + _path(endpoint, trials))}", *headers]
    if has_body:
        lines += ["-H 'Content-Type: application/json'", '--data-binary "$BODY"']
        before = [f"BODY={quote(body or '')}", *before]
    return "\n".join([*before, " \\\n  ".join(lines)])


def is_provable(preset: AuthPreset | None, kinds: Mapping[str, AuthType]) -> bool:
    """Whether a shell can prove the caller, once it is known what comes in."""
    return _kind(preset, kinds).verify in _PROOFS


def _kind(preset: AuthPreset | None, kinds: Mapping[str, AuthType]) -> AuthType:
    return kinds["public" if preset is None else preset.type]


def body_of(endpoint: Endpoint, trials: Sequence[Trial]) -> str | None:
    """The body of the first test that has one in the form in which callers send it."""
    for trial in trials:
        given = trial.given
        if given.request is not None and isinstance(given.request.body, dict | list):
            return _written(given.request.body)
        if given.request is None and given.payload is not None and endpoint.dialect in _READS:
            return _written(given.payload)
    return "{}" if endpoint.payload_schema is None and endpoint.dialect in _READS else None


def _path(endpoint: Endpoint, trials: Sequence[Trial]) -> str:
    """The path with the parts of the first test; a part that none has keeps its name."""
    params = next((each.given.params for each in trials if each.given.params), {})
    path = endpoint.path
    for name, value in params.items():
        path = path.replace(f"{{{name}}}", str(plain(value)))
    return path


def _written(body: Any) -> str:
    return json.dumps(plain(body), ensure_ascii=False)


def _nothing(_: str, __: Options) -> tuple[list[str], list[str]]:
    return [], []


def _header(secret: str, options: Options) -> tuple[list[str], list[str]]:
    return [], [f'-H "{options["header"]}: {options["prefix"]}${secret}"']


def _basic(secret: str, options: Options) -> tuple[list[str], list[str]]:
    return [], [f'-u {quote(str(options["username"]))}:"${secret}"']


def _hmac(secret: str, options: Options) -> tuple[list[str], list[str]]:
    way = "-binary | base64" if options["encoding"] == "base64" else "-hex | sed 's/.* //'"
    sign = f'printf %s "$BODY" | openssl dgst -{options["algorithm"]} -hmac "${secret}" {way}'
    return [f"SIGNATURE=$({sign})"], [f'-H "{options["header"]}: {options["prefix"]}$SIGNATURE"']


_PROOFS: Mapping[Verifier, Callable[[str, Options], tuple[list[str], list[str]]]] = {
    public: _nothing,
    shared_header: _header,
    bearer: _header,
    basic: _basic,
    hmac_of_body: _hmac,
}
