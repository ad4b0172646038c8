"""`hub check` and what describes the project: no database, no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.bootstrap.secrets import new_key
from tests import readme
from tests.acceptance.terminal import Terminal

ROOT = Path(__file__).parents[2]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A project of one workflow, and nothing else: no servers."""
    for name in ("workflows", "schemas"):
        (tmp_path / name).mkdir()
    (tmp_path / "hub.yaml").write_text(readme.settings())
    readme.write_files(tmp_path)
    return Terminal(tmp_path, {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": ""})


def plant(terminal: Terminal, written: str, meant: str) -> None:
    file = terminal.project / "workflows" / "callback-request.yaml"
    text = file.read_text()
    assert text.count(written) == 1
    file.write_text(text.replace(written, meant))


def test_a_project_without_mistakes_says_so_and_ends_with_0(terminal: Terminal):
    typed = terminal.type("check")

    assert (typed.code, typed.out) == (0, "1 workflow, no mistakes\n")


def test_our_own_project_has_no_mistakes():
    typed = Terminal(ROOT, {}).type("check", "--strict")
    found = Terminal(ROOT, {}).type("check", "--strict", "--json").lines

    assert typed.code == 0
    assert typed.out.splitlines()[-1].startswith("82 workflows, no mistakes")
    assert {each["severity"] for each in found} <= {"note"}


def test_a_mistake_is_shown_with_its_line_and_a_caret(terminal: Terminal):
    plant(terminal, "payload.name }} wants", "payload.nmae }} wants")

    typed = terminal.type("check")

    place, line, caret, *_ = typed.out.splitlines()
    assert typed.code == 1
    assert place.startswith("workflows/callback-request.yaml:")
    assert "HUB203" in place
    assert "${{ payload.nmae }}" in line
    assert caret.index("^") == line.index("nmae")
    assert typed.out.splitlines()[-1] == "1 workflow, 1 mistake"


def test_three_mistakes_are_all_told_at_once(terminal: Terminal):
    plant(terminal, "payload.name }} wants", "payload.nmae }} wants")
    plant(terminal, "do: phones.assign", "do: phones.asign")
    plant(terminal, "auth: broker", "auth: brocker")

    found = terminal.type("check", "--json").lines

    assert {"HUB214", "HUB215"} <= {each["code"] for each in found}
    assert all(each["line"] > 0 and each["column"] > 0 for each in found)


def test_paths_limit_what_is_shown(terminal: Terminal):
    plant(terminal, "payload.name }} wants", "payload.nmae }} wants")

    other = terminal.type("check", terminal.project / "schemas")
    own = terminal.type("check", terminal.project / "workflows", "--format", "json")

    assert other.code == 0
    assert (own.code, json.loads(own.out)["file"]) == (1, "workflows/callback-request.yaml")
    assert terminal.type("check", "nowhere.yaml").code == 2


@pytest.mark.parametrize("form", ["sarif", "github"])
def test_code_hosts_are_told_in_their_own_form(terminal: Terminal, form: str):
    clean = terminal.type("check", "--format", form)
    plant(terminal, "payload.name }} wants", "payload.nmae }} wants")
    planted = terminal.type("check", "--format", form)

    assert (clean.code, planted.code) == (0, 1)
    assert "HUB203" not in clean.out
    assert "HUB203" in planted.out
    assert form != "sarif" or json.loads(planted.out)["runs"][0]["results"]


def test_warnings_count_only_when_one_is_strict(terminal: Terminal):
    plant(terminal, "topic }}.", "topic | default('x') }}.")

    lenient, strict = terminal.type("check"), terminal.type("check", "--strict")

    assert (lenient.code, strict.code) == (0, 1)
    assert lenient.out == strict.out
    assert "1 warning" in strict.out


def test_runs_in_older_versions_need_a_database_and_a_form_for_people(terminal: Terminal):
    assert terminal.type("check", "--running", "--format", "sarif").code == 2
    refused = terminal.type("check", "--running")

    assert (refused.code, "HUB_DATABASE_URL" in refused.err) == (1, True)


def test_secrets_without_a_value_are_named_on_demand(terminal: Terminal):
    found = terminal.type("check", "--env", "--json").lines

    assert {"HUB504"} == {each["code"] for each in found}
    assert "BROKER_API_TOKEN" in "".join(each["message"] for each in found)


def test_a_secret_without_a_value_is_told_where_hub_yaml_lists_it(terminal: Terminal):
    file = terminal.project / "hub.yaml"
    text = f"# BROKER_API_TOKEN is set elsewhere\n{file.read_text('utf-8')}"
    file.write_text(text, "utf-8")

    found = terminal.type("check", "--env", "--json").lines

    (told,) = [each for each in found if "BROKER_API_TOKEN " in each["message"]]
    listed = text.split("\n").index("  - BROKER_API_TOKEN") + 1
    assert (told["line"], told["column"]) == (listed, 5)


def test_a_secret_that_cannot_be_a_key_is_told_on_demand(tmp_path: Path):
    (tmp_path / "hub.yaml").write_text(
        "hub: 1\nsecrets: [STD]\nauth:\n  std: {type: standard_webhooks, secret: STD}\n"
    )
    terminal = Terminal(tmp_path, {"STD": "plainsecret", "HUB_ENCRYPTION_KEY": new_key()})

    (told,) = terminal.type("check", "--env", "--json").lines
    (row,) = terminal.type("doctor", "--json").checks["secrets"]["rows"]

    assert (told["code"], told["line"], told["column"]) == ("HUB504", 2, 11)
    assert told["message"].startswith("the value of STD cannot be a key: it must be `whsec_`")
    assert row == told["message"]
    assert "plainsecret" not in str(told)


def test_a_folder_that_is_no_project_is_said_in_one_line(tmp_path: Path):
    (tmp_path / "empty").mkdir()

    typed = Terminal(tmp_path / "empty", {}).type("check")

    assert typed.code == 1
    assert "hub.yaml" in typed.err
    assert typed.err.count("\n") == 1


def test_the_tool_of_a_workflow_can_be_printed():
    """H-28."""
    shown = Terminal(ROOT, {"HUB_PUBLIC_URL": "https://hub.example.com/"})

    tool = json.loads(shown.type("tool", "vapi", "vapi-appointment-booked").out)

    assert tool["function"]["name"] == "book_appointment"
    assert tool["function"]["parameters"]["required"] == ["lead_id", "appointment_time"]
    assert tool["server"]["url"] == "https://hub.example.com/webhook/vapi-appointment-booked"
    assert shown.type("tool", "vapi", "lead-phone").code == 1
    assert shown.type("tool", "vapi", "nothing").code == 1


def test_the_endpoints_can_be_printed():
    document = json.loads(Terminal(ROOT, {}).type("openapi").out)

    assert document["openapi"].startswith("3.1")
    assert "/webhook/lead-phone" in document["paths"]


def test_actions_are_listed_with_their_signature():
    terminal = Terminal(ROOT, {})

    lines = {line["name"]: line for line in terminal.type("actions", "--json").lines}
    told = terminal.type("actions", "appointments.book")

    assert {"phones.assign", "slack.post", "email.send", "http.post", "twilio.send_sms"} <= set(
        lines
    )
    assert lines["slack.post"]["effect"] == "once"
    assert "no_active_hold" in told.out
    assert terminal.type("actions", "phones.asign").err == (
        "hub: there is no action phones.asign: did you mean 'phones.assign'?\n"
    )


def test_a_key_can_be_made_and_used():
    first, second = (Terminal(ROOT, {}).type("key").out.strip() for _ in range(2))

    assert len(first) == 44
    assert first != second


@pytest.mark.parametrize("words", [["nope"], ["runs", "show", "x"], ["run"], ["check", "--nope"]])
def test_a_command_that_is_not_understood_ends_with_2(words: list[str]):
    assert Terminal(ROOT, {}).type(*words).code == 2


def test_a_setting_of_a_wrong_form_says_what_to_set():
    typed = Terminal(ROOT, {"HUB_PORT": "eighty"}).type("runs")

    assert (typed.code, typed.err) == (
        1,
        "hub: Set HUB_PORT to a whole number ≥ 0; it is 'eighty'\n",
    )
