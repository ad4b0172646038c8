"""All actions in one list: the built-in ones, and those of installed plug-ins."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import actions
from hub.bootstrap.actions import all_actions
from hub.errors import Misconfigured
from tests.integration.bootstrap.conftest import forget

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
    forget()
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


CALLS_OUT = """
from sqlalchemy import Connection
from hub.action import action
from hub.connectors.http import Http


@action("oracle.ask", effect="once", example={{}}, outward={outward})
def ask({service}, *, question: str) -> None:
    \"\"\"Ask the oracle.\"\"\"
"""


@pytest.mark.parametrize(
    ("outward", "service", "told"),
    [
        ("False", "http: Http", "oracle.ask in oracle_plug_in can call out"),
        ("True", "db: Connection", "oracle.ask in oracle_plug_in is outward"),
    ],
)
def test_D10_an_action_that_can_call_out_must_say_so(
    install: Install, outward: str, service: str, told: str
):
    install("oracle_plug_in", CALLS_OUT.format(outward=outward, service=service))

    with pytest.raises(Misconfigured, match=told):
        all_actions()


OUTPUT = """
from dataclasses import dataclass
from hub.action import action

@dataclass(frozen=True)
class Answer:
    \"\"\"What it says.\"\"\"

    number: int

@action("oracle.ask", effect="{effect}", example={example})
def ask(*, question: str) -> Answer:
    \"\"\"Ask the oracle.\"\"\"
"""


@pytest.mark.parametrize(
    ("effect", "example", "told"),
    [
        ("sometimes", '{"number": 1}', "has the effect 'sometimes': it is one of read, idempotent"),
        ("read", '{"nmber": 1}', "has an example that is no output of its: "),
        ("read", '{"number": "one"}', "has an example that is no output of its: "),
    ],
)
def test_an_action_with_a_wrong_word_is_refused_and_its_package_named(
    install: Install, effect: str, example: str, told: str
):
    install("oracle_plug_in", OUTPUT.format(effect=effect, example=example))

    with pytest.raises(Misconfigured, match=f"oracle.ask in oracle_plug_in ({told})"):
        all_actions()


_NO_DESTINATIONS = {  # who is named there hears nothing of it
    "email.send": {"reply_to", "invite.organizer"},
    "gmail.send": {"reply_to"},
    "hubspot.upsert_contact": {"email"},
    "twilio.send_sms": {"from"},
}


@pytest.mark.parametrize(
    "name", [name for name, each in all_actions().items() if each.outward and each.effect != "read"]
)
def test_D10_every_address_an_action_takes_is_a_destination_or_none(name: str):
    action = all_actions()[name]
    addresses = set(_addresses(action.input_schema, ()))

    assert addresses - _NO_DESTINATIONS.get(name, set()) <= set(action.destination_inputs)


def _addresses(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    if schema.get("format") in {"e164", "email", "uri"}:
        yield ".".join(path)
    for name, each in schema.get("properties", {}).items():
        yield from _addresses(each, (*path, name))
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _addresses(schema[key], path)


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
