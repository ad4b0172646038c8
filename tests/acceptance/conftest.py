"""The hubs that the acceptance tests talk to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from hub.bootstrap import open_hub
from hub.bootstrap.secrets import new_key
from hub.config import Settings
from hub.storage import workers
from hub.storage.answers import AnswerBoard
from hub.storage.workers import WorkerName
from hub.web import create_app
from hub.web.console.app import Console
from hub.worker.rounds import plan_schedules
from tests import readme
from tests.acceptance.call_center import LIVE, CallCenter, Opened, Request, lead_to, secrets_of
from tests.acceptance.garage import MORE_SECRETS, Garage
from tests.acceptance.messages import SECRETS
from tests.acceptance.post_office import APP, OpenPostOffice, PostOffice
from tests.acceptance.recalled import RecalledMemory, RecalledProjects, RecalledTemplates
from tests.acceptance.story import NOW, SAMPLE_LEAD, HeardDoorbell, Story
from tests.acceptance.terminal import Terminal
from tests.fakes.clock import FakeClock
from tests.fakes.database_clock import DatabaseClock, database_clock
from tests.fakes.mail_server import MailServer
from tests.fakes.ports import port_of
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeSmtp
from tests.fakes.stripe import FakeStripe
from tests.fakes.twilio import FakeTwilio
from tests.fakes.vapi import FakeVapi
from tests.flows import copy_flows

PROJECT = Path(__file__).parents[2]
KEY = new_key()

OpenStory = Callable[..., Story]


@pytest.fixture(autouse=True)
def _logging_as_before(logging_as_before: None) -> None:
    """Commands set up the logging of their process."""


PROJECTS, TEMPLATES = RecalledProjects(), RecalledTemplates()


@pytest.fixture
def recalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier story compiled is not compiled again."""
    monkeypatch.setattr("hub.bootstrap.project.Memory", RecalledMemory)
    monkeypatch.setattr("hub.bootstrap.project.load_project", PROJECTS.load)
    kept = {**Console.jinja_options, "bytecode_cache": TEMPLATES}
    monkeypatch.setattr(Console, "jinja_options", kept)


# Services have one port for all tests: it stands in their hub.yaml, which is then the same.
@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(token=SECRETS["SLACK_BOT_TOKEN"]).at(port_of("slack")) as fake:
        yield fake


@pytest.fixture
def project(tmp_path: Path, slack: FakeSlack, request: pytest.FixtureRequest) -> Path:
    """The project itself, with the way to Slack led to the fake.

    A file of tests that needs few of its flows names them (`FLOWS`): each story reads them all.
    """
    folder = tmp_path / "project"
    flows = getattr(request.module, "FLOWS", None)
    if flows is None:
        for name in ("workflows", "schemas", "templates"):
            shutil.copytree(PROJECT / name, folder / name)
        settings = (PROJECT / "hub.yaml").read_text()
    else:
        copy_flows(folder, *flows)
        settings = readme.settings()
    for written, meant in (
        ("    type: slack\n", f"    type: slack\n    base_url: {slack.base_url}\n"),
        ("outbound_allow: []\n", f"outbound_allow:\n{_only(slack.port)}"),
    ):
        assert settings.count(written) == 1
        settings = settings.replace(written, meant)
    (folder / "hub.yaml").write_text(settings)
    return folder


def _only(port: int) -> str:
    return f"  - network: 127.0.0.1/32\n    ports: [{port}]\n"


@pytest.fixture(scope="session")
def answer_board(database_url: str) -> Iterator[AnswerBoard]:
    """The one connection on which waiting requests hear of their answers."""
    board = AnswerBoard(database_url.replace("postgresql+psycopg://", "postgresql://", 1))
    board.start()
    yield board
    board.stop()


@pytest.fixture
def open_story(  # noqa: PLR0917 - each is a fixture
    database: str,
    redis_url: str,
    project: Path,
    slack: FakeSlack,
    answer_board: AnswerBoard,
    recalled: None,  # noqa: ARG001
) -> Iterator[OpenStory]:
    """Opens the project's hub in a mode: `open_story(mode="simulate")`; again is a restart.

    Runs go by the clock of the story; with a `host_clock` by the database's, as they do in earnest.
    More names are variables of the environment.
    """
    with ExitStack() as closing:

        def open_it(
            mode: str = "live",
            redis: str = redis_url,
            host_clock: FakeClock | None = None,
            **more: str,
        ) -> Story:
            environment = {
                **SECRETS,
                "HUB_DATABASE_URL": database,
                "HUB_REDIS_URL": redis,
                "HUB_ENCRYPTION_KEY": KEY,
                "HUB_MODE": mode,
                **more,
            }
            settings = Settings.from_environment(environment, project=project)
            clock = host_clock or FakeClock(NOW)
            bell = HeardDoorbell(redis)
            opened = open_hub(
                settings,
                role="worker",
                clock=clock,
                runs_clock=None if host_clock else clock,
            )
            opened.doorbell = bell
            closing.callback(opened.close)
            vars(opened)["answers"] = answer_board  # it listens already
            plan_schedules(opened, opened.scheduled, clock.now())
            return Story(opened, clock, create_app(opened).test_client(), slack, bell)

        yield open_it


@pytest.fixture
def hub(open_story: OpenStory) -> Iterator[Story]:
    """The hub in earnest: mode `live`. At the end the holds are free of faults (D6)."""
    story = open_story()
    yield story
    assert story.faults() == []


@pytest.fixture
def lead(hub: Story) -> UUID:
    """The lead of the samples, who holds a number."""
    return hub.holder("Zoë", SAMPLE_LEAD)


@pytest.fixture
def terminal(hub: Story) -> Terminal:
    """The operator's, beside the hub of the story."""
    return Terminal.of(hub)


@pytest.fixture
def worker(hub: Story) -> None:
    """A worker has said that it lives."""
    workers.say_alive(hub.hub.database, WorkerName("w1", "here", 1))


@pytest.fixture
def services(project: Path) -> Iterator[tuple[FakeStripe, FakeSmtp]]:
    """The ways to Stripe and to the mail server are led to fakes."""
    users = {MORE_SECRETS["SMTP_USERNAME"]: MORE_SECRETS["SMTP_PASSWORD"]}
    stripe_there = FakeStripe(MORE_SECRETS["STRIPE_API_KEY"]).at(port_of("stripe"))
    mail_there = FakeSmtp(users=users, port=port_of("smtp"))
    with stripe_there as stripe, mail_there as mail:
        settings = (project / "hub.yaml").read_text()
        for written, meant in (
            (
                "    type: stripe\n    cred",
                f"    type: stripe\n    base_url: {stripe.url}\n    cred",
            ),
            ("smtp://localhost:587", mail.base_url),
            ("      from: ${{", "      tls: none\n      from: ${{"),
            ("/32\n    ports: [", f"/32\n    ports: [{stripe.port}, "),
        ):
            assert settings.count(written) == 1, written
            settings = settings.replace(written, meant)
        (project / "hub.yaml").write_text(settings)
        yield stripe, mail


@pytest.fixture
def open_garage(
    open_story: OpenStory, services: tuple[FakeStripe, FakeSmtp]
) -> Callable[..., Garage]:
    def opened(**more: str) -> Garage:
        return Garage(open_story(**{**MORE_SECRETS, **more}), *services)

    return opened


@pytest.fixture
def garage(open_garage: Callable[..., Garage]) -> Iterator[Garage]:
    """In earnest; at the end no two sessions have one seat at one time."""
    opened = open_garage()
    yield opened
    assert opened.faults() == []


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def office_clock(database: str) -> Iterator[DatabaseClock]:
    with database_clock(database) as clock:
        clock.set(NOW)
        yield clock


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio().at(port_of("twilio")) as fake:
        yield fake


@pytest.fixture
def open_office(
    open_story: OpenStory,
    project: Path,
    mail_server: MailServer,
    twilio: FakeTwilio,
    office_clock: DatabaseClock,
) -> Iterator[OpenPostOffice]:
    """Opens the hub of the project; runs go by the clock of the database."""
    settings = (project / "hub.yaml").read_text()
    for written, meant in (
        (
            "      from: ${{ config.mail_from }}\n",
            "      from: ${{ config.mail_from }}\n      tls: none\n",
        ),
        ("    type: twilio\n    cred", f"    type: twilio\n    base_url: {twilio.url}\n    cred"),
        ("      status_callback:", "      from: '+12025550100'\n      status_callback:"),
        ("/32\n    ports: [", f"/32\n    ports: [{twilio.port}, "),
    ):
        assert settings.count(written) == 1, written
        settings = settings.replace(written, meant)
    (project / "hub.yaml").write_text(settings)
    opened: list[PostOffice] = []

    def open_it(**more: str) -> PostOffice:
        environment = {
            "SMTP_URL": mail_server.url,
            "MAIL_FROM": "bookings@staging.example.org",
            "PUBLIC_APP_URL": APP,
            "TWILIO_ACCOUNT_SID": twilio.account_sid,
            "TWILIO_AUTH_TOKEN": twilio.auth_token,
            **more,
        }
        story = open_story(host_clock=FakeClock(NOW), **environment)
        office = PostOffice(story, mail_server, twilio, office_clock)
        opened.append(office)
        return office

    yield open_it
    for office in opened:
        assert office.office.faults() == []


@pytest.fixture
def office(open_office: OpenPostOffice) -> Iterator[PostOffice]:
    office = open_office()
    yield office
    assert office.nobody_else_was_written_to()


@pytest.fixture
def vapi() -> Iterator[FakeVapi]:
    with FakeVapi().at(port_of("vapi")) as fake:
        yield fake


@pytest.fixture
def open_center(open_story: OpenStory, project: Path, vapi: FakeVapi, twilio: FakeTwilio) -> Opened:
    lead_to(project, vapi, twilio)

    def open_it(**environment: str) -> CallCenter:
        story = open_story(**{**secrets_of(vapi, twilio), **environment})
        return CallCenter(story, vapi, twilio)

    return open_it


@pytest.fixture
def center(open_center: Opened) -> CallCenter:
    """Calls are live."""
    return open_center(**LIVE)


@pytest.fixture
def request_(center: CallCenter) -> Request:
    return center.request()
