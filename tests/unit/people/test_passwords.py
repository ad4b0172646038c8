"""Passwords: how they are kept, and which ones are taken (S7)."""

from __future__ import annotations

import pytest

from hub.people import passwords
from hub.people.passwords import hashed, is_outdated, is_right, weakness

WORDS = "five plain words of ours"


def test_S7_a_password_is_kept_as_argon2id_of_19_mib_or_more_and_two_passes_or_more():
    stored = hashed(WORDS)
    _, kind, _, settings, *_ = stored.split("$")
    memory, passes, _ = (int(each.partition("=")[2]) for each in settings.split(","))

    assert kind == "argon2id"
    assert memory >= 19 * 1024
    assert passes >= 2
    assert WORDS not in stored
    assert hashed(WORDS) != stored


def test_S7_only_the_same_password_is_right_and_nobody_has_none():
    stored = hashed(WORDS)

    assert is_right(stored, WORDS)
    assert not is_right(stored, f"{WORDS} ")
    assert not is_right(None, WORDS)
    assert not is_right("no hash at all", WORDS)
    assert not is_outdated(stored)


def test_S7_for_an_unknown_account_a_password_is_looked_at_all_the_same(monkeypatch):
    looked_at = []

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            looked_at.append((stored, password))
            return True

        def hash(self, _password: str) -> str:
            return "somebody's"

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    passwords._nobodys.cache_clear()  # noqa: SLF001 - it is made once

    assert not is_right(None, WORDS)
    assert looked_at == [("somebody's", WORDS)]
    passwords._nobodys.cache_clear()  # noqa: SLF001 - the same


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short words", "at least 12"),
        ("x" * 201, "at most 200"),
        ("ababababababab", "repeat"),
        ("my ada.byron words", "own name"),
        ("ada.byron@example.com!", "own name"),
    ],
)
def test_a_weak_password_is_refused_with_a_reason(password, said):
    assert said in (weakness(password, "ada.byron@example.com") or "")


@pytest.mark.parametrize("password", [WORDS, "correct horse battery", "päßwörter auch ☃☃"])
def test_words_are_taken_in_any_script(password):
    assert weakness(password, "ada.byron@example.com") is None
