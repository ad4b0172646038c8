"""How docs/walk.md is followed."""

from __future__ import annotations

import pytest

from tests.walk import Edit, Typing, Unreadable, edited, fits, walk

PAGE = """
```console
$ hub check
all is well
$ cd team
```
```diff hub.yaml
 hub: 1
-a: b
+a: c
```
```console soon
$ hub runs
```
"""


def test_commands_and_edits_come_in_the_order_of_the_page():
    assert list(walk(PAGE)) == [
        Typing(3, "", "hub check", "all is well\n"),
        Typing(5, "", "cd team", ""),
        Edit(7, "hub.yaml", "hub: 1\na: b\n", "hub: 1\na: c\n"),
        Typing(13, "soon", "hub runs", ""),
    ]


@pytest.mark.parametrize(
    "block",
    ["```sh\nhub dev\n```", "```console later\n$ x\n```", "```console\nx\n```", "```diff\n+a\n```"],
)
def test_a_block_that_nobody_follows_is_an_error(block: str):
    with pytest.raises(Unreadable):
        list(walk(block + "\n"))


@pytest.mark.parametrize("text", ["x: y\n", "hub: 1\na: b\n---\nhub: 1\na: b\n"])
def test_an_edit_fits_one_place_of_the_file(text: str):
    (edit,) = [each for each in walk(PAGE) if isinstance(each, Edit)]

    with pytest.raises(Unreadable):
        edited(text, edit)
    assert edited("hub: 1\na: b\nz: 1\n", edit) == "hub: 1\na: c\nz: 1\n"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("one\ntwo\n", "one\ntwo\n"),
        ("in 0.3 s\n", "in … s\n"),
        ("one\ntwo\nthree\n", "one\n…\n"),
        ("one\n", "one\n…\n"),
        ("no line break", "no line break\n"),
        ("", ""),
    ],
)
def test_what_is_printed_fits(printed: str, expected: str):
    assert fits(printed, expected)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("one\ntwo\n", "one\n"),
        ("one\n", ""),
        ("", "one\n"),
        ("in 0.3\n s\n", "in … s\n"),
        ("aXb\n", "a.b\n"),
        ("zero\none\n", "one\n…\n"),
    ],
)
def test_what_is_printed_does_not_fit(printed: str, expected: str):
    assert not fits(printed, expected)
