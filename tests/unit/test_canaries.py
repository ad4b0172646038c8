"""The search that P9 rests on finds what is there, in every form."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from tests.processes.canaries import Canaries, as_bytes, of_texts

WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "a repr": repr,
    "JSON": json.dumps,
    "a URL": lambda value: quote(value, safe=""),
    "a form": quote_plus,
    "HTML": html.escape,
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64, one further": lambda value: base64.b64encode(f"u:{value}".encode()).decode(),
    "base64, two further": lambda value: base64.b64encode(f"u{value};".encode()).decode(),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(f"~{value}".encode()).decode(),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_P9_a_planted_canary_is_found_in_whatever_form(form: str):
    canaries = Canaries()
    planted = WRITTEN[form](canaries.named("TOKEN"))

    assert canaries.seen_in(of_texts({"here": f"before {planted} after"})) == ["TOKEN: here"]
    assert canaries.seen_in(of_texts({"here": as_bytes({"a": [planted]})})) == ["TOKEN: here"]


def test_P9_what_is_not_there_is_not_found():
    canaries = Canaries()
    canaries.named("TOKEN")

    assert canaries.seen_in(of_texts({"here": Canaries().named("TOKEN")})) == []
