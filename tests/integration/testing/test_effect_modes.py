"""No path of any shipped flow lets an effect out where the run's mode forbids it (D10).

Every test of the shipped flows is played in the modes `simulate` and `test`, and again with a
worker that dies behind each step with an effect. Whatever passes the gate is really done, by the
connectors, over real sockets, at fakes of the services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hub.action import Action, Attempt, Clock, Mode
from hub.bootstrap import read_project
from hub.bootstrap.project import compile_project, config_values
from hub.bootstrap.secrets import Secrets
from hub.bootstrap.services import Services, open_services
from hub.engine.expressions import Literal
from hub.engine.gate import TestDestinations
from hub.engine.workflow import Do, Workflow
from hub.testing.plan import Place, Trial
from hub.testing.reading import read_all
from hub.testing.setting import Setting
from hub.testing.stage import Stage
from tests.fakes.clock import FakeClock
from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import Answer, FakeService
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeSmtp
from tests.fakes.twilio import FakeTwilio
from tests.fakes.vapi import FakeVapi
from tests.fakes.way_out import listening

ROOT = Path(__file__).parents[3]
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-test",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token-test",
    "VAPI_API_KEY": "vapi-key-test",
}
ASSISTANTS = "booking=2bec425c-0000-4000-8000-3f0ff5f25d01"
TOO_MANY = Answer(429, headers={"Retry-After": "1"})
PHONE, EMAIL, CHANNEL = "+12025550100", "tester@example.com", "#test"


CALLS_OUT = """
hub: 1
title: Calls two places by HTTP
inputs: {{}}
steps:
  - id: posted
    do: http.post
    with: {{url: "{listed}/posted", json: {{}}}}
  - id: posted_elsewhere
    do: http.post
    with: {{url: "{other}/posted", json: {{}}}}
  - id: deleted
    do: http.delete
    with: {{url: "{listed}/deleted"}}
  - id: deleted_elsewhere
    do: http.delete
    with: {{url: "{other}/deleted"}}
"""
CALLING_OUT = """
hub: 1
workflow: calls-out
tests:
  - name: two places are called by HTTP
    expect: {status: succeeded}
"""


def has_effect(action: Action) -> bool:
    return action.outward and action.effect != "read"


@dataclass(frozen=True)
class InMode(Setting):
    """The project with all its runs in one mode, whatever its files say."""

    mode: Mode = "simulate"
    listed: TestDestinations = field(default_factory=TestDestinations)

    def _in_test(self, workflow: Workflow) -> Workflow:
        return replace(workflow, mode=Literal(self.mode))

    def destinations(self, config: Mapping[str, Any]) -> TestDestinations:  # noqa: ARG002
        return self.listed


@dataclass
class ForReal:
    """Does what passes the gate; `did` is all of it."""

    services: Services
    throttling: Mapping[str, FakeService] = field(default_factory=dict)  # by the name's beginning
    did: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def does(self, action: Action) -> bool:
        return has_effect(action)

    def call(self, action: Action, inputs: Mapping[str, Any], attempt: Attempt) -> Any:
        self.did.append((action.name, inputs))
        if not action.is_implemented:
            return dict(action.example)
        vendor = self.throttling.get(action.name.partition(".")[0])
        if vendor is not None and attempt.number == 1:
            vendor.then(TOO_MANY)
        given = {**self.services.of(None), Attempt: attempt, Clock: FakeClock()}
        return action.call(given, inputs)

    def look(self, action: Action, inputs: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def keep(self) -> None:
        """What has left stays."""

    undo = keep


class World:
    """The services outside, and the project that is led to them."""

    def __init__(self, stack: ExitStack) -> None:
        self.slack = stack.enter_context(FakeSlack())
        self.twilio = stack.enter_context(FakeTwilio())
        self.smtp = stack.enter_context(FakeSmtp())
        self.receiver = stack.enter_context(FakeReceiver())
        self.stranger = stack.enter_context(FakeReceiver())  # may be reached, and is not listed
        self.vapi = stack.enter_context(FakeVapi())
        self.vapi.lines = 1000
        services = (self.slack, self.twilio, self.smtp, self.receiver, self.stranger, self.vapi)
        self.ports = {each.port for each in services}
        files = dict(read_project(ROOT).files)
        files["hub.yaml"] = self._led(files["hub.yaml"])
        files["workflows/calls-out.yaml"] = CALLS_OUT.format(
            listed=self.receiver.url, other=self.stranger.url
        )
        files["workflows/tests/calls-out.yaml"] = CALLING_OUT
        self.project = compile_project(files)
        assert not self.project.errors
        self.files = read_all(self.project)
        settings = self.project.settings
        self.services = open_services(
            settings, Secrets(settings.secrets, SECRETS), config=config_values(settings, {})
        )
        stack.callback(self.services.close)

    def _led(self, settings: str) -> str:
        allowed = f"[{{network: 127.0.0.1/32, ports: {sorted(self.ports)}}}]"
        for written, meant in (
            ("    type: slack\n", f"    type: slack\n    base_url: {self.slack.base_url}\n"),
            (
                "    type: twilio\n    credentials:\n",
                f"    type: twilio\n    base_url: {self.twilio.url}\n    credentials:\n",
            ),
            ("    type: vapi\n", f"    type: vapi\n    base_url: {self.vapi.url}\n"),
            ('      phone_number_id: ""', "      phone_number_id: pn-1"),
            ('      assistants: ""', f"      assistants: {ASSISTANTS}"),
            (
                "      status_callback: /webhook/twilio-status\n",
                "      from: '+12025550111'\n",
            ),
            ("smtp://localhost:587", f"smtp://127.0.0.1:{self.smtp.port}"),
            (
                "      from: ${{ config.mail_from }}\n",
                "      from: hub@example.com\n      tls: none\n",
            ),
            (
                "    credentials:\n      username: SMTP_USERNAME\n      password: SMTP_PASSWORD\n",
                "",
            ),
            ("outbound_allow: []", f"outbound_allow: {allowed}"),
        ):
            assert settings.count(written) == 1, written
            settings = settings.replace(written, meant)
        return settings

    def setting(self, mode: Mode) -> InMode:
        listed = TestDestinations(
            phone=(PHONE,), email=(EMAIL,), channel=(CHANNEL,), url=(self.receiver.url,)
        )
        return InMode(self.project, mode=mode, listed=listed)

    @property
    def vendors(self) -> Mapping[str, FakeService]:
        """Who does the actions whose names begin so."""
        return {
            "http": self.receiver,
            "slack": self.slack,
            "twilio": self.twilio,
            "vapi": self.vapi,
            "webhooks": self.receiver,
        }

    def play(
        self,
        setting: InMode,
        trial: Trial,
        crash_after: Place | None = None,
        *,
        throttling: Mapping[str, FakeService] | None = None,
    ) -> ForReal:
        """One test as it stands, but that what has an effect is really done."""
        mocks = {
            name: tuple(replace(each, returns=None) for each in given)
            if has_effect(self.project.actions[name])
            else given
            for name, given in trial.given.mocks.items()
        }
        done = ForReal(self.services, throttling or {})
        real = replace(trial, given=replace(trial.given, mocks=mocks))
        stage = Stage(setting, real, crash_after=crash_after)
        stage.real = done
        stage.use(done)
        stage.play()
        self.effects = {
            (workflow, step.position): Place(str(run.id), path)
            for run in stage.runs
            for path, (workflow, step) in run.walked.items()
            if isinstance(step, Do) and has_effect(self.project.actions[step.action])
        }
        assert {run.mode for run in stage.runs} <= {setting.mode}
        return done

    @property
    def trials(self) -> list[Trial]:
        """All tests of the shipped flows that have no database of their own."""
        every = (each for file in self.files for each in file.trials)
        return [each for each in every if not each.given.real]

    def every_path(self, setting: InMode) -> Iterator[tuple[Trial, ForReal]]:
        """Each test; and one for each step with an effect, behind which the worker dies."""
        crashed = set()
        for trial in self.trials:
            yield trial, self.play(setting, trial)
            for step, place in list(self.effects.items()):
                if step not in crashed:
                    yield trial, self.play(setting, trial, place)
                crashed.add(step)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def test_D10_in_simulate_no_flow_opens_a_way_out_however_it_is_cut_short(world: World, figure):
    setting, plays = world.setting("simulate"), 0

    with listening() as heard:
        for trial, done in world.every_path(setting):
            plays += 1
            assert done.did == [], trial.id
            assert heard == [], trial.id

    assert plays > 2 * len(world.files)
    figure("D10", f"{plays:,} plays of the shipped flows in `simulate`: 0 connections")


def test_D10_in_test_only_the_listed_destinations_hear_of_any_flow(world: World):
    setting = world.setting("test")

    with listening() as heard:
        done = [done for _, done in world.every_path(setting)]

    assert {place[1] for event, place in heard if event == "socket.connect"} <= world.ports
    assert {message.to for message in world.twilio.messages} == {PHONE}
    assert {message.channel for message in world.slack.messages} == {CHANNEL}
    assert {each for mail in world.smtp.messages for each in mail.recipients} == {EMAIL}
    assert {each["customer"]["number"] for each in world.vapi.calls.values()} == {PHONE}
    heard_of = {(each.method, each.path) for each in world.receiver.requests}
    assert heard_of == {("POST", "/posted"), ("DELETE", "/deleted")}
    assert world.stranger.requests == []
    names = {name for each in done for name, _ in each.did}
    assert {"twilio.send_sms", "slack.post", "email.send", "vapi.start_call"} <= names
    assert {"http.post", "http.delete"} <= names
    assert "webhooks.send" not in names  # its platform is not listed


def test_D10_in_test_a_vendor_that_answers_429_is_asked_again_for_the_listed_destination_only(
    world: World,
):
    setting, attempts = world.setting("test"), 0

    with listening() as heard:
        for trial in world.trials:
            done = world.play(setting, trial, throttling=world.vendors)
            attempts += len(done.did)

    assert {place[1] for event, place in heard if event == "socket.connect"} <= world.ports
    asked = [each for each in world.twilio.requests if each.method == "POST"]
    assert {each.form["To"] for each in asked} == {PHONE}
    assert {each.json["channel"] for each in world.slack.requests if each.body} == {CHANNEL}
    assert len(asked) > len(world.twilio.messages)  # those that were refused were looked at too
    assert attempts > 0
