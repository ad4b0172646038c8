"""What a connection needs, as data."""

from __future__ import annotations

import pytest

from hub.bootstrap.actions import all_connectors
from hub.connectors.connections import ConnectionSettings, ConnectionType, configured
from hub.errors import Permanent


def kind_of(type_name: str) -> ConnectionType:
    return all_connectors()[type_name].kind


def test_a_complete_connection_is_taken_as_it_is():
    settings = ConnectionSettings("team", "slack", credentials={"token": "xoxb-1"})

    assert configured(settings, kind_of("slack")) is settings


@pytest.mark.parametrize(
    "credentials",
    [
        {"service_account_key": "{}"},
        {"client_id": "1", "client_secret": "2", "refresh_token": "3"},
    ],
)
def test_one_of_several_ways_to_sign_in_is_enough(credentials):
    settings = ConnectionSettings("office", "google", credentials=credentials)

    assert configured(settings, kind_of("google")) is settings


@pytest.mark.parametrize("type_name", all_connectors())
def test_without_a_connection_the_message_names_what_to_write(type_name):
    with pytest.raises(Permanent) as failure:
        configured(None, kind_of(type_name))

    assert failure.value.code == "not_configured"
    assert f"type {type_name}" in failure.value.message


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        (ConnectionSettings("team", "slack"), "credentials.token"),
        (ConnectionSettings("team", "slack", credentials={"token": ""}), "credentials.token"),
        (
            ConnectionSettings("sms", "twilio", credentials={"account_sid": "AC1"}),
            "credentials.auth_token",
        ),
        (ConnectionSettings("office", "google"), "credentials.service_account_key or else"),
        (
            ConnectionSettings("office", "google", credentials={"client_id": "1"}),
            "credentials.client_id and credentials.client_secret and credentials.refresh_token",
        ),
        (ConnectionSettings("mail", "smtp", options={"from": "a@example.com"}), "base_url"),
        (ConnectionSettings("mail", "smtp", base_url="smtp://mail.example.com"), "options.from"),
    ],
)
def test_an_incomplete_connection_is_told_what_it_lacks(settings, missing):
    with pytest.raises(Permanent) as failure:
        configured(settings, kind_of(settings.type))

    assert failure.value.code == "not_configured"
    assert missing in failure.value.message
    assert settings.name in failure.value.message


def test_S6_credentials_are_not_shown():
    settings = ConnectionSettings("team", "slack", credentials={"token": "xoxb-secret"})

    assert "xoxb-secret" not in repr(settings)
