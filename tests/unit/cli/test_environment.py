"""Where commands find what the environment does not name."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.cli.environment import (
    SECRETS_FILE,
    Environment,
    completed,
    generated_secrets,
    keep_secrets,
    without_value,
)
from hub.config import Settings
from hub.errors import Misconfigured


def settings(folder: Path, **given: str) -> Settings:
    return Settings.from_environment(given, project=folder)


def test_what_the_environment_says_wins_over_what_was_made_up(tmp_path: Path):
    stated = settings(tmp_path, BROKER_API_TOKEN="ours", HUB_REDIS_URL="")

    found = completed(stated, {"BROKER_API_TOKEN": "made up", "HUB_REDIS_URL": "redis://r"})

    assert found.environment["BROKER_API_TOKEN"] == "ours"
    assert found.redis_url == "redis://r"
    assert found.project == tmp_path


def test_secrets_are_kept_for_this_account_alone(tmp_path: Path):
    path = keep_secrets(tmp_path, {"A": "1"})
    keep_secrets(tmp_path, {"A": "1", "B": "2"})

    assert path.stat().st_mode & 0o777 == 0o600
    assert generated_secrets(tmp_path) == {"A": "1", "B": "2"}
    assert generated_secrets(tmp_path / "elsewhere") == {}


def test_a_broken_file_of_secrets_is_said(tmp_path: Path):
    (tmp_path / SECRETS_FILE).write_text("{")

    with pytest.raises(Misconfigured, match=SECRETS_FILE):
        generated_secrets(tmp_path)


def test_names_without_a_value_are_found(tmp_path: Path):
    assert without_value(["A", "B", "C"], settings(tmp_path, A="1", B="")) == ["B", "C"]


def test_a_redis_that_is_none_is_said(tmp_path: Path):
    environment = Environment.of(
        settings(tmp_path, HUB_DATABASE_URL="postgresql://db", HUB_REDIS_URL="localhost:6379")
    )

    with pytest.raises(Misconfigured, match="HUB_REDIS_URL"):
        environment.servable()
