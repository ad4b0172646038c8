"""`hub new` and `hub init`: what they write works as it is, and nothing is written over."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.editing.beginning.drafts import KINDS
from tests.acceptance.terminal import Terminal, Typed

ROOT = Path(__file__).parents[2]
PATIENCE = 60


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A new project, and nothing else: no servers."""
    project = tmp_path / "team"
    typed = Terminal(project, {}).type("init", project)
    assert typed.code == 0, typed.err
    return Terminal(project, {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": ""})


def files(terminal: Terminal) -> dict[str, str]:
    """All files of the project."""
    found = sorted(path for path in terminal.project.rglob("*") if path.is_file())
    return {path.relative_to(terminal.project).as_posix(): path.read_text() for path in found}


def written(typed: Typed) -> list[str]:
    """What a command says it wrote."""
    lines = typed.out.splitlines()
    return [line.removeprefix("wrote ") for line in lines if line.startswith("wrote ")]


# ------------------------------------------------------------------------------------------ hub new


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_of_each_kind_have_no_mistakes_and_their_tests_pass(
    terminal: Terminal, kind: str
):
    before = files(terminal)

    typed = terminal.type("new", "first-steps", "--kind", kind)

    assert typed.code == 0, typed.err
    assert sorted(written(typed)) == sorted(set(files(terminal)) - set(before))
    checked = terminal.type("check", "--strict")
    assert (checked.code, checked.out) == (0, "1 workflow, no mistakes\n")
    tested = terminal.type("test", "first-steps", "--coverage", "100")
    assert tested.code == 0, tested.out


def test_what_is_written_has_no_stand_in_left(terminal: Terminal):
    for kind in KINDS:
        terminal.type("new", f"a-{kind}", "--kind", kind)

    texts = {path: text for path, text in files(terminal).items() if "schema.json" not in path}
    assert [path for path, text in texts.items() if "NEW" in text] == []


def test_all_kinds_live_together_and_in_our_own_project(terminal: Terminal):
    for kind in KINDS:
        terminal.type("new", f"a-{kind}", "--kind", kind)
    terminal.type("new", "open-door", "--auth", "public")

    assert terminal.type("check", "--strict").code == 0
    assert terminal.type("test", "--coverage", "100").code == 0


def test_what_is_written_is_in_the_one_format(terminal: Terminal):
    for kind in KINDS:
        terminal.type("new", f"a-{kind}", "--kind", kind, "--title", "Who's there: a #1 door")

    typed = terminal.type("fmt", "--check")

    assert (typed.code, typed.err) == (0, ""), typed.out


def test_the_next_commands_can_be_typed_as_they_stand(terminal: Terminal):
    typed = terminal.type("new", "first-steps")

    _, said = typed.out.split("\nNext:\n")
    commands = [line.split("   ")[0].split() for line in said.strip().splitlines()]
    assert [each[:3] for each in commands] == [["hub", "--project", str(terminal.project)]] * 3
    check, test, last = (each[3:] for each in commands)
    assert terminal.type("check", terminal.project / check[1]).code == 0
    assert terminal.type(*test).code == 0
    assert last == ["dev"]


def test_a_tool_is_printed_for_the_voice_platform(terminal: Terminal):
    terminal.type("new", "call-back", "--kind", "tool")

    tool = json.loads(terminal.type("tool", "vapi", "call-back").out)

    assert tool["function"]["name"] == "call_back"
    assert "auth: vapi" in files(terminal)["workflows/call-back.yaml"]


def test_an_endpoint_for_everybody_is_limited(terminal: Terminal):
    terminal.type("new", "open-door", "--auth", "public")

    assert terminal.type("check", "--strict").code == 0
    assert "rate_limit: 10 per minute per ip" in files(terminal)["workflows/open-door.yaml"]


@pytest.mark.parametrize(
    "title", ["Who's there: a #1 door", "- no list", "yes", 'He said "no"', "Grüße, 12 %", "123"]
)
def test_a_title_is_text_whatever_it_holds(terminal: Terminal, title: str):
    typed = terminal.type("new", "first-steps", "--title", title)

    assert typed.code == 0, typed.err
    assert terminal.type("check", "--strict").code == 0
    assert terminal.type("openapi").out.count(json.dumps(title, ensure_ascii=False)) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Foo_Bar", "write foo-bar"),
        ("CallBack.yaml", "write call-back"),
        ("1st-call", "write st-call"),
        ("../escape", "write escape"),
        ("über", "write ber"),
        ("123", "begins with a letter"),
        ("a" * 64, "at most 63 signs; this one has 64"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(
    terminal: Terminal, name: str, words: str
):
    before = files(terminal)

    typed = terminal.type("new", name)

    assert (typed.code, files(terminal)) == (1, before)
    assert words in typed.err


@pytest.mark.parametrize(
    "path",
    ["workflows/first-steps.yaml", "schemas/first-steps.json", "workflows/tests/first-steps.yaml"],
)
def test_nothing_is_written_over(terminal: Terminal, path: str):
    place = terminal.project / path
    place.parent.mkdir(exist_ok=True)
    place.write_text("# mine\n")
    before = files(terminal)

    typed = terminal.type("new", "first-steps")

    assert (typed.code, files(terminal)) == (1, before)
    assert f"{path} is there already" in typed.err


def test_a_folder_that_cannot_be_written_leaves_no_half(terminal: Terminal):
    shutil.rmtree(terminal.project / "workflows" / "tests")
    (terminal.project / "workflows" / "tests").write_text("a file where the folder should be")
    before = files(terminal)

    typed = terminal.type("new", "first-steps")

    assert (typed.code, files(terminal)) == (1, before)
    assert "cannot be written" in typed.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--auth", "nobody"], "choose app or vapi or public"),
        (["--title", "a\nb"], "one line"),
        (["--title", "${{ now() }}"], "the same for every run"),
        (["--kind", "event", "--event", "paid"], "thing.happened"),
        (["--from", "nothing"], "there is no workflow 'nothing'"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    terminal: Terminal, words: list[str], told: str
):
    before = files(terminal)

    typed = terminal.type("new", "first-steps", *words)

    assert (typed.code, files(terminal)) == (1, before)
    assert told in typed.err


@pytest.mark.parametrize(
    "words",
    [
        ["--kind", "schedule", "--auth", "app"],
        ["--event", "order.paid"],
        ["--from", "other", "--kind", "tool"],
        ["--kind", "webhook"],
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(terminal: Terminal, words: list[str]):
    assert terminal.type("new", "first-steps", *words).code == 2


def test_a_route_that_is_taken_is_said_before_anything_is_written(terminal: Terminal):
    terminal.type("new", "other")
    other = terminal.project / "workflows" / "other.yaml"
    text = other.read_text().replace("endpoint:\n", "endpoint:\n  path: /webhook/first-steps\n")
    other.write_text(text)
    before = files(terminal)

    typed = terminal.type("new", "first-steps")

    assert (typed.code, files(terminal)) == (1, before)
    assert "HUB620" in typed.err


def test_a_mistake_that_is_there_already_keeps_no_new_workflow_from_being_written(
    terminal: Terminal,
):
    terminal.type("new", "other")
    other = terminal.project / "workflows" / "other.yaml"
    other.write_text(other.read_text().replace("payload.name", "payload.nmae"))

    assert terminal.type("new", "first-steps").code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_works_like_the_first(terminal: Terminal, kind: str):
    terminal.type("new", "first", "--kind", kind)
    path = terminal.project / "workflows" / "first.yaml"
    path.write_text(path.read_text().replace("  auth:", "  path: /own/path\n  auth:"))

    typed = terminal.type("new", "second", "--from", "first", "--title", "The other")

    assert typed.code == 0, typed.err
    assert terminal.type("check", "--strict").out == "2 workflows, no mistakes\n"
    tested = terminal.type("test", "second", "--coverage", "100")
    assert tested.code == 0, tested.out
    assert "\ntitle: The other\n" in files(terminal)["workflows/second.yaml"]


def test_a_workflow_with_mistakes_is_not_copied(terminal: Terminal):
    terminal.type("new", "first")
    path = terminal.project / "workflows" / "first.yaml"
    path.write_text(path.read_text().replace("payload.name", "payload.nmae"))

    assert "has mistakes" in terminal.type("new", "second", "--from", "first").err


def test_an_event_is_named_after_the_workflow_unless_it_is_said(terminal: Terminal):
    terminal.type("new", "order-was-paid", "--kind", "event")
    terminal.type("new", "tell-all", "--kind", "event", "--event", "house.sold")
    terminal.type("new", "noise", "--kind", "event")

    names = {path for path in files(terminal) if path.startswith("schemas/events/")}
    assert {Path(name).stem for name in names} == {
        "order.was_paid",
        "house.sold",
        "noise.happened",
    }


# ------------------------------------------------------------------------------- at the terminal


def answered(terminal: Terminal, *words: str, lines: str) -> str:
    """What `hub` shows to somebody who sits there and types these lines."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "hub", "--project", str(terminal.project), *words],
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=ROOT,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        os.write(ours, lines.encode())
        out, _ = running.communicate(timeout=PATIENCE)
    os.close(ours)
    os.close(theirs)
    assert running.returncode == 0, out
    return out


def test_somebody_at_the_terminal_is_asked_what_he_did_not_say(terminal: Terminal):
    out = answered(terminal, "new", "first-steps", lines="tool\nMy first tool\napp\n")

    assert "What starts it?" in out
    text = files(terminal)["workflows/first-steps.yaml"]
    assert "\ntitle: My first tool\n" in text
    assert "auth: app\n" in text
    assert "dialect: vapi.tool" in text


def test_who_only_presses_enter_gets_what_is_usual(terminal: Terminal):
    answered(terminal, "new", "by-hand", lines="\n\n\n")
    terminal.type("new", "by-itself")

    first, second = (files(terminal)[f"workflows/{name}.yaml"] for name in ("by-hand", "by-itself"))
    assert second == first.replace("by-hand", "by-itself").replace("By hand", "By itself")


# ----------------------------------------------------------------------------------------- hub init


def test_a_new_project_is_checked_and_says_what_to_type(tmp_path: Path):
    typed = Terminal(tmp_path, {}).type("init", tmp_path / "team")

    assert typed.code == 0
    assert "hub new my-first" in typed.out
    checked = Terminal(tmp_path / "team", {}).type("check", "--strict")
    assert (checked.code, checked.out) == (0, "0 workflows, no mistakes\n")


def test_editors_find_the_schemas_of_a_new_project(terminal: Terminal):
    assert "is written" not in terminal.type("schema", "--write").out
    terminal.type("new", "first-steps")

    for path, text in files(terminal).items():
        if path.endswith(".yaml"):
            named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
            assert (terminal.project / path).parent.joinpath(named).is_file(), path


def test_a_project_is_not_begun_twice(terminal: Terminal):
    before = files(terminal)

    typed = terminal.type("init", terminal.project)

    assert (typed.code, files(terminal)) == (1, before)
    assert "is a project already" in typed.err


def test_a_folder_with_files_keeps_them(tmp_path: Path):
    (tmp_path / "README.md").write_text("mine\n")

    typed = Terminal(tmp_path, {}).type("init", tmp_path)

    assert typed.code == 0
    assert (tmp_path / "README.md").read_text() == "mine\n"
    assert "kept" in typed.out
    assert (tmp_path / "hub.yaml").is_file()
