"""What is right at a glance is right: the libraries that use it find nothing wrong with it."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from hub.bootstrap import plain
from hub.bootstrap.plain import are_plain
from hub.bootstrap.preflight import check_values
from hub.config import Settings
from hub.engine.settings import ProjectSettings

RIGHT = {
    "HUB_DATABASE_URL": "postgresql://hub:s%40cret@db.example:5432/hub",
    "HUB_REDIS_URL": "rediss://:secret@redis.example:6379/0",
    "HUB_ENCRYPTION_KEY": Fernet.generate_key().decode(),
}


def settings(**given: str) -> Settings:
    return Settings.from_environment({**RIGHT, **given})


@given(
    database=st.from_regex(plain.DATABASE, fullmatch=True),
    redis=st.from_regex(plain.REDIS, fullmatch=True),
    key=st.from_regex(plain.KEY, fullmatch=True),
)
def test_settings_that_are_plain_are_right(database: str, redis: str, key: str):
    found = settings(HUB_DATABASE_URL=database, HUB_REDIS_URL=redis, HUB_ENCRYPTION_KEY=key)

    assert are_plain(found)
    check_values(found, ProjectSettings())


@pytest.mark.parametrize(
    "usual",
    [
        {},
        {"HUB_DATABASE_URL": "postgresql+psycopg://postgres@/hub?host=/tmp/hub-a1_/sockets"},
        {"HUB_DATABASE_URL": "postgresql://127.0.0.1/hub"},
        {"HUB_REDIS_URL": "redis://127.0.0.1:6379/0"},
        {"HUB_REDIS_URL": "unix:///tmp/hub-a1_/redis.sock"},
    ],
)
def test_the_usual_settings_are_plain(usual: dict[str, str]):
    assert are_plain(settings(**usual))


@pytest.mark.parametrize(
    "other",
    [
        {"HUB_DATABASE_URL": "mysql://127.0.0.1/hub"},
        {"HUB_DATABASE_URL": "postgresql://127.0.0.1:port/hub"},
        {"HUB_REDIS_URL": "redis://:word@1@127.0.0.1:6379/0"},
        {"HUB_REDIS_URL": "redis://127.0.0.1:6379/0?socket_timeout=soon"},
        {"HUB_ENCRYPTION_KEY": "foo"},
        {"HUB_ENCRYPTION_KEY": ""},
    ],
)
def test_what_is_not_plain_is_left_to_the_libraries(other: dict[str, str]):
    assert not are_plain(settings(**other))
