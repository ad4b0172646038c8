"""`hub fmt`: files in the one format, nothing lost, nothing changed in what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.bootstrap.replacing import NotReplaced, replace_text
from tests.acceptance.terminal import Terminal

ROOT = Path(__file__).parents[2]
UGLY = """\
hub:   1
title: x   # for people
inputs: { }
steps:
# the first
- log: a
- log: b
"""
CLEAN = """\
hub: 1
title: x   # for people
inputs: {}
steps:
  # the first
  - log: a

  - log: b
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    (tmp_path / "workflows" / "tests").mkdir(parents=True)
    (tmp_path / "hub.yaml").write_text("hub: 1\ntimezone: UTC\n")
    (tmp_path / "workflows" / "x.yaml").write_text(UGLY)
    return Terminal(tmp_path, {})


def test_our_own_files_are_canonical():
    typed = Terminal(ROOT, {}).type("fmt", "--check")

    assert typed.code == 0
    assert typed.out.endswith("all in canonical format\n")


def test_a_file_is_written_in_the_format_and_the_others_are_left(terminal: Terminal):
    typed = terminal.type("fmt")

    assert (typed.code, typed.out) == (0, "workflows/x.yaml formatted\n2 files, 1 formatted\n")
    assert (terminal.project / "workflows" / "x.yaml").read_text() == CLEAN
    assert terminal.type("fmt").out == "2 files, all in canonical format\n"
    assert terminal.type("check").out == "1 workflow, no mistakes\n"


def test_files_that_are_not_in_the_format_are_named_and_left(terminal: Terminal):
    typed = terminal.type("fmt", "--check")

    assert typed.code == 1
    assert typed.out.startswith("workflows/x.yaml is not in canonical format: run `hub fmt")
    assert (terminal.project / "workflows" / "x.yaml").read_text() == UGLY


def test_the_difference_is_shown_and_nothing_written(terminal: Terminal):
    typed = terminal.type("fmt", "--diff")

    assert typed.code == 0
    assert "-inputs: { }\n+inputs: {}\n" in typed.out
    assert (terminal.project / "workflows" / "x.yaml").read_text() == UGLY


def test_the_new_text_is_printed_and_nothing_written(terminal: Terminal):
    typed = terminal.type("fmt", "--stdout", terminal.project / "workflows" / "x.yaml")

    assert (typed.code, typed.out) == (0, CLEAN)
    assert (terminal.project / "workflows" / "x.yaml").read_text() == UGLY


def test_tests_of_workflows_and_hub_yaml_are_formatted_too(terminal: Terminal):
    (terminal.project / "workflows" / "tests" / "x.yaml").write_text(
        "workflow:  x\ntests:\n- a: 1\n"
    )
    (terminal.project / "hub.yaml").write_text("hub: 1\ntimezone:   UTC\n")

    typed = terminal.type("fmt", terminal.project)

    assert typed.out.splitlines()[-1] == "3 files, 3 formatted"
    assert (terminal.project / "hub.yaml").read_text() == "hub: 1\ntimezone: UTC\n"


def test_a_file_that_cannot_be_read_is_told_at_its_place_and_the_others_are_formatted(
    terminal: Terminal,
):
    broken = terminal.project / "workflows" / "broken.yaml"
    broken.write_text("hub: 1\ntitle: a: b\n")

    typed = terminal.type("fmt")

    assert typed.code == 1
    assert typed.err.startswith("workflows/broken.yaml:2:9: error HUB102 ")
    assert "2 | title: a: b" in typed.err
    assert broken.read_text() == "hub: 1\ntitle: a: b\n"
    assert (terminal.project / "workflows" / "x.yaml").read_text() == CLEAN


def test_two_ways_to_show_are_not_understood(terminal: Terminal):
    assert terminal.type("fmt", "--check", "--diff").code == 2
    assert terminal.type("fmt", "nowhere.yaml").code == 2


def test_a_folder_without_files_is_said(tmp_path: Path):
    typed = Terminal(tmp_path, {}).type("fmt")

    assert (typed.code, typed.err) == (1, "hub: there are no files to format here\n")


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(tmp_path: Path):
    file = tmp_path / "x.yaml"
    file.write_text("theirs")

    with pytest.raises(NotReplaced):
        replace_text(file, before="old", after="mine")

    assert file.read_text() == "theirs"


def test_a_file_that_may_not_be_written_is_said_in_one_line(tmp_path: Path):
    with pytest.raises(NotReplaced, match="cannot be written"):
        replace_text(tmp_path / "gone.yaml", before="old", after="new")


def test_a_link_stays_a_link(tmp_path: Path):
    (tmp_path / "real.yaml").write_text("old")
    (tmp_path / "link.yaml").symlink_to("real.yaml")

    replace_text(tmp_path / "link.yaml", before="old", after="new")

    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == "new"
