"""`${{ config.x }}` under `connections`: each environment has its own address and sender (K-18)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.engine.compile import compile_hub_file
from hub.engine.settings import ConnectionFacts, ConnectionSettings
from hub.ingest.signatures import AUTH_TYPES
from tests.unit.engine.planted import expected_place, unmarked

HUB = """\
hub: 1
config:
  smtp_url: {type: string, env: SMTP_URL, default: "smtp://localhost:587"}
  mail_from: {type: string, env: MAIL_FROM}
connections:
  email:
    type: smtp
    base_url: ${{ config.smtp_url }}
    options:
      from: ${{ config.mail_from }}
      sending: "on"
"""
RULES = {"smtp": ConnectionFacts((), ("from", "sending"))}


def read(text: str) -> tuple[ConnectionSettings, list[tuple[str, str, Any]]]:
    """The connection, and code, message and place of what is wrong."""
    found = compile_hub_file(text, auth_types=AUTH_TYPES, connections=RULES)
    wrong = [
        (each.code, each.message, (each.line, each.column, each.end_column))
        for each in found.findings
    ]
    return found.settings.connections["email"], wrong


def test_K_18_a_connection_says_which_values_of_config_it_has():
    connection, wrong = read(HUB)

    assert wrong == []
    assert connection.from_config == {"base_url": "smtp_url", "options.from": "mail_from"}
    assert connection.base_url is None
    assert connection.options == {"from": "", "sending": "on"}


@pytest.mark.parametrize(
    ("config", "base_url", "options"),
    [
        (
            {"smtp_url": "smtp://mail:25", "mail_from": "a@example.com"},
            "smtp://mail:25",
            {"from": "a@example.com", "sending": "on"},
        ),
        ({"smtp_url": "smtp://mail:25"}, "smtp://mail:25", {"sending": "on"}),
        ({"mail_from": "", "smtp_url": None}, None, {"sending": "on"}),
        ({}, None, {"sending": "on"}),
    ],
)
def test_K_18_what_config_does_not_say_is_not_given(
    config: dict[str, Any], base_url: str | None, options: dict[str, Any]
):
    connection, _ = read(HUB)

    meant = connection.with_config(config)

    assert (meant.base_url, meant.options, meant.from_config) == (base_url, options, {})


@pytest.mark.parametrize(
    ("written", "marked", "code"),
    [
        ("${{ config.mail_from }}", "«${{ config.mail_form }}»", "HUB203"),
        ("${{ config.smtp_url }}", "«${{ config.smtp }}»", "HUB203"),
    ],
)
def test_K_18_a_value_that_config_has_not_is_told_at_its_place(
    written: str, marked: str, code: str
):
    text = HUB.replace(written, marked)

    _, [(told, message, place)] = read(unmarked(text))

    assert told == code
    assert "`config` has no value" in message
    assert place == expected_place(text)
