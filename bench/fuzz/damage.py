"""Accidents that happen to bytes: on the way, in a bad program, or on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

_BYTES = (
    *(b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"\r\n", b"\n"),
    *(b" ", b"\t", b"\x0b", b"\x7f", b"\x85", "\u2028\u202e\u200b".encode(), "é".encode()),
    *("\U0001f600".encode(), "٣".encode(), "\ufeff".encode(), b"\\", b'"', b"'", b"%", b"%00"),
)
_NUMBERS = (
    *(b"0", b"-1", b"1", b"00", b"255", b"65536", b"2147483648", b"9223372036854775807"),
    *(b"9223372036854775808", b"-9223372036854775809", b"1e308", b"1e309", b"-0", b"0.1"),
    *(b"9" * 400, b"1" + b"0" * 5000, b"0x10", b"1_000", b"NaN", b"Infinity", "²".encode()),
)

Accident = Callable[[bytes, Random, Sequence[bytes], Sequence[bytes]], bytes]


def damaged(
    case: bytes, chance: Random, *, words: Sequence[bytes], others: Sequence[bytes], most: int
) -> bytes:
    """The case after one or several accidents, at most `most` bytes."""
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        case = chance.choice(_ACCIDENTS)(case, chance, words, others)
    if chance.random() < 1 / 200:
        case = _blown_up(case, chance, most)
    return case[:most]


def _span(case: bytes, chance: Random) -> tuple[int, int]:
    start = chance.randint(0, len(case))
    return start, min(len(case), start + chance.choice([1, 2, 4, 8, 30, 200]))


def _flip(case: bytes, chance: Random, *_: object) -> bytes:
    if not case:
        return case
    at = chance.randrange(len(case))
    return case[:at] + bytes([case[at] ^ 1 << chance.randrange(8)]) + case[at + 1 :]


def _delete(case: bytes, chance: Random, *_: object) -> bytes:
    start, end = _span(case, chance)
    return case[:start] + case[end:]


def _repeat(case: bytes, chance: Random, *_: object) -> bytes:
    start, end = _span(case, chance)
    return case[:end] + case[start:end] * chance.choice([1, 1, 2, 10, 70]) + case[end:]


def _insert(case: bytes, chance: Random, words: Sequence[bytes], _: object) -> bytes:
    at = chance.randint(0, len(case))
    piece = chance.choice([chance.choice(_BYTES), chance.choice(words), chance.choice(_NUMBERS)])
    return case[:at] + piece + case[at:]


def _replace(case: bytes, chance: Random, words: Sequence[bytes], others: Sequence[bytes]) -> bytes:
    start, end = _span(case, chance)
    return case[:start] + _insert(b"", chance, words, others) + case[end:]


def _splice(case: bytes, chance: Random, _: object, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    return case[: chance.randint(0, len(case))] + other[chance.randint(0, len(other)) :]


def _swap(case: bytes, chance: Random, *_: object) -> bytes:
    first, second = sorted((_span(case, chance), _span(case, chance)))
    if first[1] > second[0]:
        return case
    one, other = case[slice(*first)], case[slice(*second)]
    return case[: first[0]] + other + case[first[1] : second[0]] + one + case[second[1] :]


def _cut(case: bytes, chance: Random, *_: object) -> bytes:
    return case[: chance.randint(0, len(case))]


def _blown_up(case: bytes, chance: Random, most: int) -> bytes:
    """One piece of it until nothing more fits."""
    start, end = _span(case, chance)
    piece = case[start:end] or b" "
    return case[:start] + piece * (max(0, most - len(case)) // len(piece)) + case[end:]


_ACCIDENTS: Sequence[Accident] = (
    *(_flip, _delete, _repeat, _insert, _insert, _replace, _replace, _splice, _swap, _cut),
)
