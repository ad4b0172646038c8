"""`real:` local actions are done on a database, at the time of the test, and leave no rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from hub.bootstrap import read_project
from hub.bootstrap.actions import all_actions
from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.project import Project, load_project
from hub.ingest.signatures import AUTH_TYPES
from hub.storage.db import address
from hub.testing.reading import read_all
from hub.testing.real import throwaway
from hub.testing.trying import Trials, Verdict
from tests.fakes.servers import Servers
from tests.flows import with_what_they_call

ROOT = Path(__file__).parents[3]
FLOWS = ("vapi-appointment-booked", "mail-waiting-list-offer")
LEAD = "07f26a19-e9dc-422c-b61d-030e3c7971bb"
HEAD = f"""\
hub: 1
workflow: vapi-appointment-booked
now: 2025-10-18T09:00:00Z
real: [leads, phones, appointments, interactions]
given:
  - leads.create: {{lead_id: {LEAD}, first_name: Ada, last_name: Byron}}
  - phones.add: {{numbers: ["+1 415 555 0100"]}}
  - phones.assign: {{lead_id: {LEAD}}}
payload: {{lead_id: {LEAD}, appointment_time: 2025-10-20T14:00:00Z}}
tests:
"""
KEPT = """\
  - name: the lead keeps the number until a day after the appointment
    expect:
      status: succeeded
      shows:
        - phones.find_lead:
            with: {number: "+14155550100"}
            gives: {found: true, first_name: Ada, release_at: 2025-10-21T14:00:00Z}
"""


@pytest.fixture(scope="module")
def engine(servers: Servers) -> Iterator[Engine]:
    with throwaway(servers.database_url) as opened:
        yield opened


@cache
def files() -> dict[str, str]:
    """The project with this workflow and what it calls."""
    flows = {f"workflows/{name}.yaml" for name in with_what_they_call(*FLOWS)}
    return {
        path: text
        for path, text in read_project(ROOT).files.items()
        if not path.startswith("workflows/") or path in flows
    }


def project(trials: str) -> Project:
    return load_project(
        {**files(), "workflows/tests/mine.yaml": trials},
        actions=all_actions(),
        auth_types=AUTH_TYPES,
        dialects=DIALECT_FACTS,
    )


def played(engine: Engine, trials: str, *, head: str = HEAD) -> list[Verdict]:
    @contextmanager
    def lent() -> Iterator[Engine]:
        yield engine

    loaded = project(head + trials)
    file = next(each for each in read_all(loaded) if each.path.endswith("mine.yaml"))
    assert [str(each) for each in file.findings] == []
    with Trials(loaded, lent) as stage:
        return [stage.play(trial) for trial in file.trials]


def told(verdict: Verdict) -> list[str]:
    return [each.message for each in verdict.problems]


def test_a_rule_of_the_trade_is_proved_by_the_real_actions(engine: Engine):
    [verdict] = played(engine, KEPT)

    assert told(verdict) == []
    assert any("release_at" in line for line in verdict.timeline)


def test_the_actions_see_the_time_of_the_test(engine: Engine):
    [verdict] = played(
        engine,
        """\
  - name: an appointment of yesterday is refused by the real action
    now: 2025-10-25T09:00:00Z
    expect:
      response: {body: {contains: already passed}}
      did: []
""",
    )

    assert told(verdict) == []


def test_each_test_begins_without_the_rows_of_the_one_before(engine: Engine):
    first, second = played(engine, KEPT + KEPT.replace("the lead keeps", "again she keeps"))

    assert told(first) == told(second) == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM leads")) == 0


def test_what_a_crash_takes_back_is_done_once_more_and_there_once(engine: Engine):
    [verdict] = played(
        engine,
        KEPT.replace("    expect:\n", "    crash_after: hold/appointment\n    expect:\n"),
    )

    assert told(verdict) == []
    assert verdict.has_crashed
    assert any("undone by the crash" in line for line in verdict.timeline)


def test_what_the_rows_show_is_compared(engine: Engine):
    [verdict] = played(engine, KEPT.replace("2025-10-21T14:00:00Z", "2025-10-21T15:00:00Z"))

    assert told(verdict) == [
        "phones.find_lead.release_at is 2025-10-21T14:00:00Z, expected 2025-10-21T15:00:00Z"
    ]


def test_what_is_given_and_cannot_be_done_is_told(engine: Engine):
    [verdict] = played(
        engine,
        KEPT.replace("    expect:\n", "    given: [phones.add: {numbers: ['1']}]\n    expect:\n"),
    )

    [message] = told(verdict)
    assert message.startswith("`given` cannot be done: invalid_number: ")


LINKS = """\
hub: 1
workflow: mail-waiting-list-offer
now: 2025-11-19T10:00:00Z
real: [links]
tests:
  - name: the links of an offer are signed
    timeline:
      - after: 1s
        emit: waiting_list.offered
        key: 88888888-8888-4888-8888-888888888888
        data:
          service_name: Boiler check
          timezone: America/New_York
          client_name: Ada
          client_email: ada@example.com
          start: 2025-11-20T10:00:00Z
          end: 2025-11-20T11:00:00Z
          offered_until: 2025-11-19T12:00:00.25Z
    expect:
      did:
        - email.send: {text: {contains: "/waiting-list/leave?token=v1.eyJ"}}
"""


def test_real_actions_get_the_values_that_secrets_have_in_tests(engine: Engine):
    [verdict] = played(engine, LINKS, head="")

    assert told(verdict) == []


def test_a_mock_wins_over_the_real_action(engine: Engine):
    [verdict] = played(
        engine,
        """\
  - name: no number
    mocks: {appointments.book: {fails: no_active_hold}}
    expect: {response: {body: {contains: no phone number}}, did: []}
""",
    )

    assert told(verdict) == []


def test_without_a_database_the_test_says_so():
    loaded = project(HEAD + KEPT)
    file = next(each for each in read_all(loaded) if each.path.endswith("mine.yaml"))

    with Trials(loaded) as stage:
        verdict = stage.play(file.trials[0])

    assert told(verdict) == ["there is no database for `real` actions here"]


def test_the_database_is_gone_afterwards(servers: Servers):
    with throwaway(servers.database_url) as engine:
        name = engine.url.database

    server = create_engine(address(servers.database_url))
    with server.connect() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": name}
        )
    server.dispose()
    assert found == 0
