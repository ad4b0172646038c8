"""`hub connection`: which connections there are, and whether their services take them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy.engine import make_url

from hub.cli.environment import keep_secrets
from tests.acceptance.messages import SECRETS
from tests.acceptance.terminal import Terminal
from tests.acceptance.test_cli_doctor import add_connection
from tests.fakes.ports import port_of
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeSmtp
from tests.fakes.twilio import FakeTwilio

TWILIO = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "token-test"}


@pytest.fixture
def twilio(project: Path) -> Iterator[FakeTwilio]:
    with FakeTwilio().at(port_of("twilio")) as fake:
        settings = project / "hub.yaml"
        text = settings.read_text()
        text = text.replace("type: twilio\n", f"type: twilio\n    base_url: {fake.url}\n")
        settings.write_text(text.replace("    ports: [", f"    ports: [{fake.port}, "))
        yield fake


def typed(project: Path, *words: str, **more: str):
    return Terminal(project, {**SECRETS, **more}).type("connection", *words)


def test_a_service_that_takes_the_token_is_told_in_one_sentence(project: Path, slack: FakeSlack):
    told = typed(project, "test", "slack", "--json")

    assert told.code == 0
    assert told.json == {
        "name": "slack",
        "type": "slack",
        "status": "ok",
        "message": "speaks for hub in the workspace Acme",
        "code": None,
    }
    assert slack.messages == []


def test_S6_a_refused_token_fails_and_is_not_shown(project: Path):
    told = typed(project, "test", "slack", SLACK_BOT_TOKEN="xoxb-another-one")

    assert told.code == 1
    assert "Slack refused: invalid_auth" in told.out
    assert "xoxb-another-one" not in told.out + told.err


def test_a_connection_without_its_secret_says_what_to_set(project: Path, slack: FakeSlack):
    told = typed(project, "test", "slack", "--json", SLACK_BOT_TOKEN="")

    assert (told.code, told.json["code"]) == (1, "not_configured")
    assert told.json["message"] == "set SLACK_BOT_TOKEN"
    assert slack.nothing_was_sent


def test_a_name_that_hub_yaml_does_not_have_lists_those_it_has(project: Path):
    told = typed(project, "test", "slak")

    assert (told.code, told.out) == (1, "")
    has = "slack, twilio, webhooks, vapi, stripe, email"
    assert told.err == f"hub: hub.yaml has no connection slak; it has {has}\n"


def test_an_account_of_twilio_is_read_and_nothing_is_sent(project: Path, twilio: FakeTwilio):
    told = typed(project, "test", "twilio", "--json", **TWILIO)
    wrong = typed(project, "test", "twilio", "--json", **{**TWILIO, "TWILIO_AUTH_TOKEN": "wrong-1"})
    twilio.status = "suspended"
    suspended = typed(project, "test", "twilio", "--json", **TWILIO)

    assert told.json["message"] == "the account Acme is active; a step must name its `from`"
    assert (wrong.code, wrong.json["code"]) == (1, "unauthorized")
    assert (suspended.code, suspended.json["code"]) == (1, "account_inactive")
    assert twilio.messages == []


def test_a_mail_server_is_greeted_and_no_mail_is_handed_in(project: Path):
    with FakeSmtp(users={"hub": "right-1"}) as server:
        settings = project / "hub.yaml"
        place = f"smtp://127.0.0.1:{server.port}"
        text = settings.read_text().replace("smtp://localhost:587", place)
        settings.write_text(text.replace("from: ${{", "tls: none\n      from: ${{"))
        login = {"SMTP_USERNAME": "hub", "SMTP_PASSWORD": "right-1"}

        told = typed(project, "test", "email", "--json", **login)
        wrong = typed(project, "test", "email", "--json", **{**login, "SMTP_PASSWORD": "wrong-1"})

        assert "answers (none) and takes the login" in told.json["message"]
        assert "from hub@example.com" in told.json["message"]
        assert (wrong.code, wrong.json["code"]) == (1, "unauthorized")
        assert "MAIL" not in server.commands


def test_a_database_whose_role_may_do_too_much_fails(project: Path, database: str):
    address = make_url(database)
    host = quote(str(address.query.get("host") or address.host), safe="")
    place = f"postgresql://{host}:{address.port or 5432}/{address.database}"
    add_connection(project, place, "sslmode: disable")
    login = {"SMTP_USERNAME": address.username or "", "SMTP_PASSWORD": address.password or "x"}

    told = typed(project, "test", "shop", "--json", **login)

    assert (told.code, told.json["code"]) == (1, "not_allowed")


def test_the_list_names_the_values_to_set_and_those_that_were_made_up(tmp_path: Path):
    (tmp_path / "hub.yaml").write_text(
        "hub: 1\nsecrets: [ID, CODE, FRESH, TOKEN]\nconnections:\n"
        "  office: {type: google, credentials:"
        " {client_id: ID, client_secret: CODE, refresh_token: FRESH}}\n"
        "  slack: {type: slack, credentials: {token: TOKEN}}\n"
    )
    (tmp_path / ".hub").mkdir()
    keep_secrets(tmp_path / ".hub", {"TOKEN": "made-up-by-hub-dev"})

    rows = {line["name"]: line for line in typed(tmp_path, "list", "--json", CODE="c").lines}

    assert rows["office"]["missing"] == ["ID", "FRESH"]
    assert (rows["slack"]["missing"], rows["slack"]["made_up"]) == ([], ["TOKEN"])
    assert "set TOKEN: `hub dev` made up" in typed(tmp_path, "list").out


def test_the_list_names_what_uses_a_connection_and_what_it_lacks(project: Path):
    told = typed(project, "list", "--json", TWILIO_AUTH_TOKEN="")
    rows = {line["name"]: line for line in told.lines}

    assert told.code == 0
    assert rows["slack"]["actions"] == ["slack.post"]
    assert rows["slack"]["missing"] == []
    assert "TWILIO_AUTH_TOKEN" in rows["twilio"]["missing"]
    assert "set TWILIO" in typed(project, "list", TWILIO_AUTH_TOKEN="").out
