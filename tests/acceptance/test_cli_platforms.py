"""`hub platforms`: which descriptions there are, and which selector matches nothing any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.cli.demo.clinic import open_clinic
from tests import readme
from tests.acceptance.terminal import Terminal

ROOT = Path(__file__).parents[2]
USUAL = "workflows/platforms/usual.yaml"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "workflows/platforms", project / "workflows/platforms")
    (project / "hub.yaml").write_text(readme.settings())
    return Terminal(project, {"HUB_BROWSER_PATIENCE": "1", "HUB_BROWSER_SANDBOX": "off"})


def test_B_12_a_selector_that_matches_nothing_is_told_with_its_place_and_a_picture(
    terminal, chromium
):
    picture = terminal.project / "page.jpg"
    words = ("--picture", picture, "--json")
    with open_clinic() as mock:
        page = mock.url("moved")
        variables = {**terminal.variables, "HUB_BROWSER_PROGRAM": chromium}
        at = Terminal(terminal.project, variables)
        done = at.type("platforms", "check", "usual", "--url", page, *words)

    assert done.code == 1, done.err
    line, column = place_of((ROOT / USUAL).read_text(), 'option: "[data-step=service]')
    selector = "[data-step=service] [data-option]"
    assert done.json == {
        "platform": "usual",
        "url": page,
        "reached": [],
        "missed": [
            {
                "place": f"{USUAL}:{line}:{column}",
                "step": "service",
                "key": "option",
                "selector": selector,
                "why": f"service: nothing is to be seen at {selector}",
            }
        ],
        "fault": None,
        "idle_signs": [],
        "picture": str(picture),
    }
    assert picture.read_bytes().startswith(b"\xff\xd8\xff")


def test_a_description_with_a_mistake_is_named_beside_those_that_are_right(terminal):
    (terminal.project / USUAL.replace("usual", "other")).write_text("hub: 1\ntitel: Odd\n")

    listed = terminal.type("platforms", "list")

    assert listed.code == 1
    assert "usual" in listed.out
    assert listed.err == (
        "hub: workflows/platforms/other.yaml: there are mistakes, see `hub check`\n"
    )


def place_of(text: str, words: str) -> tuple[int, int]:
    """Where the value of these words begins."""
    lines = text.splitlines()
    number = next(at for at, line in enumerate(lines) if words in line)
    return number + 1, lines[number].index('"') + 1


def test_the_descriptions_are_listed(terminal):
    assert terminal.type("platforms", "list", "--json").json == {
        "name": "usual",
        "title": "Usual booking page",
        "origins": [],
        "handover": "browser",
    }
    assert "all that no other description claims" in terminal.type("platforms", "list").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["usua"], "there is no workflows/platforms/usua.yaml: did you mean 'usual'?"),
        (["usual"], "names no `origins`: name a page with --url"),
        (["usual", "--url", "book"], "--url wants the address of a page"),
        (["broken"], "has mistakes: see `hub check`"),
        (["usual", "--url", "http://127.0.0.1:1/"], "there is no no-such-browser"),
    ],
)
def test_what_cannot_be_tried_is_told(terminal, words, told):
    (terminal.project / "workflows/platforms/broken.yaml").write_text("hub: 1\n")
    nowhere = {**terminal.variables, "HUB_BROWSER_PROGRAM": "no-such-browser"}

    done = Terminal(terminal.project, nowhere).type("platforms", "check", *words)

    assert done.code == 1
    assert told in done.err
