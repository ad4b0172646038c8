"""Descriptions of booking pages: what is read, and where each mistake stands (B-12)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.bootstrap.checked import check_project
from hub.cli.environment import read_trial
from hub.domain.booking_sessions.signs import USUAL
from hub.platforms import FOLDER, Platforms, read_platforms

ROOT = Path(__file__).parents[2]
PATH = f"{FOLDER}usual.yaml"
TEXT = (ROOT / PATH).read_text()
CLINIC = "https://book.clinic.example"
OURS = TEXT.replace("origins: []", f"origins: [{CLINIC}]")


def read(text: str, path: str = PATH) -> Platforms:
    return read_platforms({path: text})


def place_of(text: str, part: str) -> tuple[int, int]:
    """Line and column of the first place where this stands."""
    before = text[: text.index(part)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def test_B_12_the_shipped_description_is_what_the_detector_knows():
    (usual,) = read(TEXT).known

    assert set(usual.signs.signs) == set(USUAL.signs)
    assert usual.signs.needed == USUAL.needed
    assert usual.confirmation_number == ".confirmation-number"
    assert usual.steps["payment"] == {"reached": "[data-step=payment]"}
    assert list(usual.steps) == ["service", "provider", "time", "contact", "payment"]


def test_B_12_a_page_is_known_by_its_origin_and_no_other_way():
    found = read(OURS)

    assert found.findings == ()
    platform = found.of(f"{CLINIC}/any/page?x=1")
    assert platform is not None
    assert platform.name == "usual"
    for other in (f"{CLINIC}.evil.example", "http://book.clinic.example", "", "nonsense"):
        assert found.of(other) is None


@pytest.mark.parametrize(
    ("written", "meant", "at", "says"),
    [
        ("hub: 1", "hub: 2", "2", "the version of the language is 1"),
        ("title: Usual booking page\n", "", "hub", "needs the key `title`"),
        ("origins: []", "orgins: []", "orgins", "has no key `orgins`"),
        (CLINIC, f"{CLINIC}/book", f"{CLINIC}/book", "an origin is scheme, host and port"),
        (CLINIC, "clinic", "clinic]", "an origin is scheme, host and port"),
        (
            'reached: "[data-step=payment]"',
            'reached: "[data-step=payment"',
            '"[data-step=payment"',
            "brackets",
        ),
        ("confirmation_number: .confirmation-number", "confirmation_number: ' '", "' '", "CSS"),
        ("url: [/error, /failed]", "url: [error, /failed]", "error,", "a part of its path"),
        ("text: [Payment Failed, Card Declined]", 'text: ["!"]', '"!"', "has words"),
        ("weak_text: [Try Again]", "weak_texts: [Try Again]", "weak_texts", "no key `weak_texts`"),
        ("  contact:\n", "  contacts:\n", "contacts", "no key `contacts`"),
        ("  success:\n", "  needed: 0\n  success:\n", "0\n", "a whole number from 1 to 20"),
        ("steps:\n", "steps: &a\n", "&a", ""),
    ],
)
def test_B_12_each_mistake_is_told_with_line_and_column(written, meant, at, says):
    text = OURS.replace(written, meant, 1)
    assert text != OURS or written not in OURS
    text = text if text != OURS else TEXT.replace(written, meant, 1)

    found = read(text)

    assert found.known == ()
    told = [each for each in found.findings if says in each.message]
    assert told, [str(each) for each in found.findings]
    assert place_of(text, at) in {(each.line, each.column) for each in told}
    assert {each.file for each in told} == {PATH}


def test_B_12_a_sign_of_every_outcome_is_needed():
    start = OURS.index("  slot_unavailable:")
    end = OURS.index("confirmation_number:")

    found = read(OURS[:start] + OURS[end:])

    assert ["needs the key `slot_unavailable`" in each.message for each in found.findings] == [True]


def test_B_12_an_origin_belongs_to_one_platform():
    found = read_platforms({PATH: OURS, f"{FOLDER}zebra.yaml": OURS})

    assert [each.name for each in found.known] == ["usual"]
    (twice,) = found.findings
    assert twice.file == f"{FOLDER}zebra.yaml"
    assert "belongs to the platform usual already" in twice.message


@pytest.mark.parametrize("name", ["Moxie.yaml", "moxie.yml", "deep/moxie.yaml", "_x.yaml"])
def test_B_12_a_file_with_another_name_is_told(name):
    found = read(OURS, f"{FOLDER}{name}")

    assert found.known == ()
    assert ["a platform is named" in each.message for each in found.findings] == [True]


@pytest.mark.parametrize("text", ["", "[]", "a: b", "\x00", "hub: 1\nsigns: 7\nsteps: [1]"])
def test_B_12_no_text_breaks_the_reading(text):
    found = read(text)

    assert found.known == ()
    assert found.findings


def test_B_12_hub_check_tells_the_mistakes_of_platforms_and_forgets_none(tmp_path: Path):
    folder, state = tmp_path / "project", tmp_path / "state"
    for name in ("workflows", "schemas", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "hub.yaml", folder)
    (folder / PATH).write_text(OURS.replace("title:", "tilte:"))

    def told() -> list[str]:
        found = check_project(folder, state, read_trial).findings
        return [str(each) for each in found if each.is_error]

    first = told()

    assert len(first) == 2
    assert all(each.startswith(f"{PATH}:3:1: error HUB110") or PATH in each for each in first)
    assert told() == first
    (folder / PATH).write_text(OURS)
    assert told() == []
