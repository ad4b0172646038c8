"""All actions in one list: the built-in ones, and those of installed plug-ins."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.bootstrap import actions
from hub.bootstrap.actions import all_actions
from hub.errors import Misconfigured

ROOT = Path(__file__).parents[3]
PLUG_IN = """
from hub.action import action


@action("{name}", effect="read", example={{}})
def ask(*, question: str) -> None:
    \"\"\"Ask the oracle.\"\"\"
"""

Install = Callable[..., None]


def test_the_actions_of_the_product_are_there():
    known = all_actions()

    assert {"phones.assign", "appointments.book", "leads.update", "interactions.log"} <= set(known)
    assert {"slack.post", "twilio.send_sms", "email.send", "http.put"} <= set(known)
    assert list(known) == sorted(known)
    assert all(action.summary and action.name == name for name, action in known.items())


def test_an_installed_plug_in_adds_its_actions(install: Install):
    install("oracle_plug_in", PLUG_IN.format(name="oracle.ask"))

    assert all_actions()["oracle.ask"].summary == "Ask the oracle"


def test_a_plug_in_may_implement_what_is_declared_only(
    install: Install, monkeypatch: pytest.MonkeyPatch
):
    known = (*actions.BUILT_IN, "tests.fakes.oracle")
    monkeypatch.setattr(actions, "BUILT_IN", known)
    all_actions.cache_clear()
    before = all_actions()["oracle.ask"]

    install("oracle_plug_in", PLUG_IN.format(name="oracle.ask"))

    assert not before.is_implemented
    assert all_actions()["oracle.ask"].is_implemented


def test_two_actions_with_one_name_stop_the_start_and_both_places_are_named(install: Install):
    install("rude_plug_in", PLUG_IN.format(name="phones.assign"))

    with pytest.raises(Misconfigured) as refused:
        all_actions()

    assert "Two actions are called phones.assign" in str(refused.value)
    assert "rude_plug_in" in str(refused.value)
    assert "hub.domain.phones" in str(refused.value)


@pytest.mark.parametrize(
    ("source", "entry", "told"),
    [
        ("import nothing_of_this_name", None, "cannot be loaded: ModuleNotFoundError"),
        ("", "broken_plug_in:missing", "cannot be loaded: AttributeError"),
        ("answer = 42", "broken_plug_in:answer", "must name a module"),
    ],
)
def test_a_plug_in_that_cannot_be_loaded_is_named(
    install: Install, source: str, entry: str | None, told: str
):
    install("broken_plug_in", source, entry=entry)

    with pytest.raises(Misconfigured) as refused:
        all_actions()

    assert "The plug-in broken_plug_in" in str(refused.value)
    assert told in str(refused.value)


def test_no_plug_in_is_loaded_before_the_web_forks(install: Install, tmp_path: Path):
    """It may open connections as it is loaded: each process has its own."""
    install("oracle_plug_in", PLUG_IN.format(name="oracle.ask"))
    asked = (
        "from hub.config import Settings; from hub.web import server, sharing; import sys;"
        "print(sharing.load(Settings.from_environment({})), 'oracle_plug_in' in sys.modules)"
    )

    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", asked],
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "None False\n"
