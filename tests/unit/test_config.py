"""What the environment says, and what is said back when it is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.config import VARIABLES, Settings
from hub.errors import Misconfigured


def read(**environment: str) -> Settings:
    return Settings.from_environment(environment)


def test_an_empty_environment_is_enough_to_begin_with():
    settings = read()

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert (settings.web_processes, settings.web_connections, settings.worker_runs) == (2, 10, 16)
    assert settings.lease == timedelta(seconds=30)  # E3
    assert settings.most_waiting == 100_000
    assert settings.log_level == "info"
    assert not settings.allows_unsafe_durability
    assert settings.trusted_proxies == 0
    assert settings.database_url == settings.redis_url == settings.encryption_key == ""


def test_the_state_lies_in_the_project_unless_it_is_named(tmp_path: Path):
    assert read(HUB_PROJECT=str(tmp_path)).state_dir == tmp_path / ".hub"
    assert read(HUB_STATE_DIR=str(tmp_path / "state")).state_dir == tmp_path / "state"


def test_a_project_on_the_command_line_wins(tmp_path: Path):
    settings = Settings.from_environment({"HUB_PROJECT": "/elsewhere"}, project=tmp_path)

    assert settings.project == tmp_path


def test_a_platform_that_sets_PORT_is_listened_to_on_all_addresses():
    settings = read(PORT="9000")
    assert (settings.host, settings.port) == ("0.0.0.0", 9000)  # noqa: S104 - that is what it says

    settings = read(PORT="9000", HUB_PORT="9001", HUB_HOST="127.0.0.1")
    assert (settings.host, settings.port) == ("127.0.0.1", 9001)


def test_links_are_built_from_the_public_address_without_its_last_slash():
    assert read(HUB_PUBLIC_URL="https://hub.example.com/").public_url == "https://hub.example.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PORT", "http"),
        ("HUB_PORT", "70000"),
        ("PORT", "-1"),
        ("HUB_WEB_PROCESSES", "0"),
        ("HUB_WEB_PROCESSES", "two"),
        ("HUB_WEB_CONNECTIONS", "0"),
        ("HUB_WORKER_RUNS", "0"),
        ("HUB_WORKER_RUNS", "1000"),
        ("HUB_LEASE_SECONDS", "4"),
        ("HUB_LEASE_SECONDS", "1.5"),
        ("HUB_LEASE_SECONDS", "3601"),
        ("HUB_MOST_WAITING", "0"),
        ("HUB_LOG_LEVEL", "loud"),
        ("HUB_TRUSTED_PROXIES", "all"),
    ],
)
def test_a_value_that_cannot_be_stops_the_start_and_says_what_to_set(name: str, value: str):
    with pytest.raises(Misconfigured) as wrong:
        read(**{name: value})

    assert str(wrong.value).startswith(f"Set {name} to ")
    assert repr(value) in str(wrong.value)


def test_a_wrong_value_is_told_in_few_characters():
    with pytest.raises(Misconfigured) as wrong:
        read(HUB_LOG_LEVEL="x" * 10_000)

    assert len(str(wrong.value)) < 150


def test_an_empty_value_is_no_value():
    assert read(HUB_PORT="", HUB_LOG_LEVEL="", HUB_LEASE_SECONDS="").port == 8000


@pytest.mark.parametrize(
    ("value", "expected"), [("1", [True]), ("true", [False]), ("yes", [False]), ("", [False])]
)
def test_I2_unsafe_durability_is_allowed_by_1_and_nothing_else(value: str, expected: list[bool]):
    assert [read(HUB_UNSAFE_DURABILITY=value).allows_unsafe_durability] == expected


def test_S6_nothing_secret_shows_when_settings_are_printed():
    settings = read(HUB_ENCRYPTION_KEY="very-secret-key", SLACK_BOT_TOKEN="very-secret-token")

    assert "very-secret" not in repr(settings)
    assert settings.environment["SLACK_BOT_TOKEN"] == "very-secret-token"


def test_every_variable_is_described_once():
    names = [variable.name for variable in VARIABLES]

    assert len(names) == len(set(names))
    assert all(variable.meaning for variable in VARIABLES)
    assert [variable.name for variable in VARIABLES if variable.is_secret] == [
        "HUB_ENCRYPTION_KEY",
        "HUB_METRICS_TOKEN",
    ]
