"""Patterns: what they cost for each character, and which are too large (I15, S16).

The engine is linear in the text, but what a character costs grows with the size of the compiled
pattern, and faster where many repetitions are counted at once.
"""

from __future__ import annotations

import re
from functools import cache

import jsonschema_rs

LARGEST = 32_768  # bytes of a compiled pattern
_LARGEST_UNCOUNTED = 131_072  # classes of Unicode are large, but nothing is counted
_LONGEST_UNCOUNTED = 200  # characters of such a pattern
_COUNTED = re.compile(r"\{[0-9]")
_STEPS = ((2_048, 1), (8_192, 4), (16_384, 12))
_HEAVY = 40
_UNCOUNTED = 4


@cache
def weight_of_pattern(pattern: str) -> int:
    """What one character costs, in steps of 12 ns (measured)."""
    for size, weight in _STEPS:
        if _fits(pattern, size):
            return weight
    if _is_uncounted(pattern):
        return _UNCOUNTED
    return _HEAVY


def is_too_large(pattern: str) -> bool:
    """Whether a pattern that compiles may cost too much for one text."""
    return not _fits(pattern, _LARGEST_UNCOUNTED if _is_uncounted(pattern) else LARGEST)


def _is_uncounted(pattern: str) -> bool:
    return len(pattern) <= _LONGEST_UNCOUNTED and _COUNTED.search(pattern) is None


def _fits(pattern: str, size: int) -> bool:
    options = jsonschema_rs.RegexOptions(size_limit=size)
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options)
    except ValueError:
        return False
    return True
