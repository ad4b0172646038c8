"""How an endpoint is called from a shell."""

from __future__ import annotations

import hmac
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest

from hub.engine.settings import AuthPreset
from hub.engine.workflow import Endpoint, Position
from hub.engine.yaml_profile import load
from hub.ingest.signatures import AUTH_TYPES
from hub.testing.plan import Given, Request, Trial
from hub.web.console.calling import curl

URL = "https://hub.example.com"


def trial(given: Given) -> Trial:
    expect = load("", "status: succeeded").root
    return Trial("a test", "flow", Position("f", 1, 1), given, expect)  # type: ignore[arg-type]


def command(
    endpoint: Endpoint,
    kind: str = "public",
    given: Given | None = None,
    **options: Any,
) -> str | None:
    preset = AuthPreset("caller", kind, ("TOKEN",), options)
    trials = [trial(given or Given(payload={"who": "it's me"}))]
    return curl(endpoint, preset, AUTH_TYPES, url=URL, trials=trials)


def typed(command: str | None, environment: Mapping[str, str]) -> list[str]:
    """The words that a shell gives curl; the address and the quoting are the shell's own."""
    assert command is not None
    script = 'curl() { printf "%s\\0" "$@"; }\n' + command
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": "/usr/bin:/bin", **environment},
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize(
    ("kind", "options", "proof"),
    [
        ("public", {}, []),
        ("bearer", {}, ["-H", "Authorization: Bearer s3cret"]),
        ("vapi_secret", {}, ["-H", "X-Vapi-Secret: s3cret"]),
        ("basic", {"username": "me"}, ["-u", "me:s3cret"]),
    ],
)
def test_the_command_proves_the_caller_with_the_secret_of_the_environment(
    kind: str, options: dict[str, Any], proof: list[str]
):
    words = typed(
        command(Endpoint("/webhook/flow", "caller"), kind, **options), {"TOKEN": "s3cret"}
    )

    body = ["-H", "Content-Type: application/json", "--data-binary", '{"who": "it\'s me"}']
    assert words == ["-X", "POST", f"{URL}/webhook/flow", *proof, *body]


def test_the_command_signs_the_very_body_that_it_sends():
    made = command(Endpoint("/flow", "caller"), "hmac_sha256", header="X-Signature")

    words = typed(made, {"TOKEN": "s3cret"})

    digest = hmac.new(b"s3cret", words[-1].encode(), sha256).hexdigest()
    assert f"X-Signature: {digest}" in words


def test_a_raw_request_of_a_test_is_the_body():
    given = Given(request=Request(body={"event": "x"}))

    assert typed(command(Endpoint("/flow", "caller", dialect="calcom"), given=given), {})[-1] == (
        '{"event": "x"}'
    )


def test_parts_of_the_path_come_from_the_test():
    given = Given(params={"id": 7})
    words = typed(command(Endpoint("/flow/{id}", "caller", method="GET"), given=given), {})

    assert words == ["-X", "GET", f"{URL}/flow/7"]


@pytest.mark.parametrize(
    ("dialect", "kind", "given"),
    [("stripe", "public", Given(payload={})), ("json", "twilio", Given(payload={}))],
)
def test_where_a_shell_cannot_say_it_there_is_no_command(dialect: str, kind: str, given: Given):
    endpoint = Endpoint("/flow", "caller", dialect=dialect)

    assert command(endpoint, kind, given) is None
