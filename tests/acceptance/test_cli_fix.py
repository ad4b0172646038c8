"""`hub check --fix`: a user makes mistakes, sees what was mended, and has clean files again."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests import readme
from tests.acceptance.terminal import Terminal

NAME = "workflows/callback-request.yaml"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The project of the readme, and nothing else: no servers."""
    for name in ("workflows", "schemas"):
        (tmp_path / name).mkdir()
    (tmp_path / "hub.yaml").write_text(readme.settings())
    readme.write_files(tmp_path)
    return Terminal(tmp_path, {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": ""})


def plant(terminal: Terminal, *pairs: tuple[str, str]) -> str:
    """Make the mistakes; the text before them."""
    file = terminal.project / NAME
    clean = text = file.read_text()
    for meant, written in pairs:
        assert text.count(meant) == 1
        text = text.replace(meant, written)
    file.write_text(text)
    return clean


def test_a_misspelt_name_is_mended_and_told(terminal: Terminal):
    clean = plant(terminal, ("payload.name }} wants", "payload.nmae }} wants"))

    typed = terminal.type("check", "--fix")

    assert typed.code == 0
    assert typed.out == (
        f"{NAME}: 1 correction\n  41:25 HUB203 nmae → name\n\n1 workflow, no mistakes\n"
    )
    assert (terminal.project / NAME).read_text() == clean


def test_everything_with_one_correction_is_mended_in_one_go(terminal: Terminal):
    clean = plant(
        terminal,
        ("title: Somebody asks to be called back", "title: Asked: to be called back"),
        ('channel: "#callbacks"', "channel: #callbacks"),
        ("if: error.code == 'none_available'", "when: ${{ error.code == 'none_available' }}"),
        ("do: phones.assign", "uses: phones.asign"),
        ("auth: broker", "auth: brocker"),
        ("lead_id: ${{ steps.lead.lead_id }}", "lead_id: {{ steps.laed.leadid }}"),
    )

    typed = terminal.type("check", "--fix")

    assert (typed.code, typed.out.splitlines()[-1]) == (0, "1 workflow, no mistakes")
    meant = clean.replace("title: Somebody asks to be", 'title: "Asked: to be')
    meant = meant.replace("be called back\ndesc", 'be called back"\ndesc')
    assert (terminal.project / NAME).read_text() == meant
    assert terminal.type("check").out == "1 workflow, no mistakes\n"


def test_what_is_left_is_shown_with_its_line(terminal: Terminal):
    plant(terminal, ("auth: broker", "auth: brocker"), ("within: 5s", "within: soon"))

    typed = terminal.type("check", "--fix")

    assert typed.code == 1
    assert "HUB214 brocker → broker" in typed.out
    assert "within: soon" in typed.out
    assert typed.out.endswith("1 workflow, 1 mistake\n")


def test_machines_read_what_was_mended_and_what_is_left(terminal: Terminal):
    plant(terminal, ("auth: broker", "auth: brocker"), ("within: 5s", "within: soon"))

    shown = terminal.type("check", "--json").lines
    done = terminal.type("check", "--fix", "--json").lines

    (correction,) = [each["fix"] for each in shown if "fix" in each]
    assert (correction["text"], correction["line"]) == ("broker", 7)
    assert [(each["code"], each.get("fixed", False)) for each in done] == [
        ("HUB214", True),
        ("HUB110", False),
    ]


def test_without_the_option_nothing_is_written(terminal: Terminal):
    plant(terminal, ("auth: broker", "auth: brocker"))
    before = (terminal.project / NAME).read_bytes()

    assert terminal.type("check").code == 1
    assert (terminal.project / NAME).read_bytes() == before


def test_only_the_named_files_are_mended(terminal: Terminal):
    plant(terminal, ("auth: broker", "auth: brocker"))
    before = (terminal.project / NAME).read_bytes()

    assert terminal.type("check", "--fix", terminal.project / "hub.yaml").code == 0
    assert (terminal.project / NAME).read_bytes() == before


def test_the_rights_of_a_file_and_its_line_ends_stay(terminal: Terminal):
    clean = plant(terminal, ("auth: broker", "auth: brocker"))
    file = terminal.project / NAME
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    file.chmod(0o640)

    assert terminal.type("check", "--fix").code == 0
    assert file.read_bytes() == clean.replace("\n", "\r\n").encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(file.parent.iterdir()) == [file]
