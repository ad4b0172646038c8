"""P9: secrets in every place where secrets stand, real processes in trouble, and nothing shows.

The processes log at level `debug`, services echo what they were sent in every form and refuse it,
callers fail to prove themselves; then rows, Redis, logs, answers, commands, files, a backup,
process titles and reprs are searched.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import pprint
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import redis as redis_client
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from hub.bootstrap import open_hub
from hub.bootstrap.secrets import new_key
from hub.cli import main
from hub.cli.backups import _Postgres
from hub.config import Settings
from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import Answer, Received
from tests.fakes.smtp import FakeSmtp
from tests.figures import Figure
from tests.processes.canaries import (
    Canaries,
    of_database,
    of_files,
    of_process_titles,
    of_redis,
    of_texts,
)
from tests.processes.house import House

LEAKS = """
hub: 1
title: Tells services that do not keep a secret
mode: live
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - id: bearer
    do: http.get
    with: {{url: "{url}/bearer", bearer: "${{{{ secrets.BOOKING_PLATFORM_TOKEN }}}}"}}
    retry: {{attempts: 1}}
    on_error: continue
  - id: header
    do: http.put
    with:
      url: "{url}/header"
      headers: {{X-Api-Key: "key ${{{{ secrets.BOOKING_PLATFORM_TOKEN }}}}"}}
    retry: {{attempts: 1}}
    on_error: continue
  - id: echoed
    do: http.get
    with: {{url: "{url}/fine", bearer: "${{{{ secrets.BOOKING_PLATFORM_TOKEN }}}}"}}
    on_error: continue
  - id: chat
    do: slack.post
    with: {{channel: "#x", text: hello}}
    on_error: continue
  - id: text
    do: twilio.send_sms
    with: {{to: "+12025550147", text: hello}}
    on_error: continue
  - id: mail
    do: email.send
    with: {{to: ada@example.com, subject: hello, text: hello}}
    on_error: continue
  - id: rows
    do: sql.query
    connection: shop
    with: {{query: "SELECT 1 AS one"}}
    on_error: continue
  - id: away
    do: http.get
    with: {{url: "http://127.0.0.1:1/", bearer: "${{{{ secrets.BOOKING_PLATFORM_TOKEN }}}}"}}
    retry: {{attempts: 1}}
"""
CONNECTIONS = """
  slack:
    type: slack
    base_url: {url}/slack/
    credentials: {{token: SLACK_BOT_TOKEN}}
  twilio:
    type: twilio
    base_url: {url}/twilio
    credentials: {{account_sid: TWILIO_ACCOUNT_SID, auth_token: TWILIO_AUTH_TOKEN}}
    options: {{from: "+12025550100"}}
  email:
    type: smtp
    base_url: {smtp}
    credentials: {{username: SMTP_USERNAME, password: SMTP_PASSWORD}}
    options: {{from: hub@example.com, tls: none}}
  shop:
    type: postgres
    base_url: postgresql://{database}
    credentials: {{username: SHOP_USER, password: SHOP_PASSWORD}}
    options: {{sslmode: disable}}
"""
IN_THE_ENVIRONMENT = (
    "VAPI_WEBHOOK_SECRET",
    "RETELL_API_KEY",
    "BROKER_API_TOKEN",
    "APP_WEBHOOK_SECRET",
    "BOOKING_PLATFORM_TOKEN",
    "CALCOM_WEBHOOK_SECRET",
    "STRIPE_WEBHOOK_SECRET",
    "SLACK_BOT_TOKEN",
    "TWILIO_AUTH_TOKEN",
    "SMTP_PASSWORD",
    "SHOP_PASSWORD",
    "BROKER_API_TOKEN_PREVIOUS",
)
COMMANDS = (
    ["doctor", "--json"],
    ["doctor"],
    ["runs"],
    ["runs", "--json"],
    ["openapi"],
    ["actions", "--json"],
    ["check"],
    ["holds", "--json"],
)


class Tattler(FakeReceiver):
    """A service that tells whatever it was sent, in every form, as an error or as an answer."""

    def answer(self, request: Received) -> Answer:
        told = " ".join(request.headers.values())
        said = {
            "plain": told,
            "base64": b64encode(told.encode()).decode(),
            "hex": told.encode().hex(),
            "url": quote(told, safe=""),
        }
        return Answer.of(said, 200 if request.path == "/fine" else 403)


@dataclass
class Aviary:
    """Processes whose secrets are canaries, and what was said to their callers."""

    house: House
    canaries: Canaries
    environment: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)

    def post(self, what: str, path: str, body: Any, headers: Mapping[str, str]) -> str:
        """One request; its status is told, and the answer is kept."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.house.caller.post(
            f"{self.house.url}/webhook/{path}",
            content=content,
            headers={"Content-Type": "application/json", **headers},
        )
        self.said[f"the answer to {what}"] = f"{answer.status_code} {answer.headers} {answer.text}"
        return str(answer.status_code)

    def type(self, *words: str) -> None:
        """`hub …`, whatever it ends with."""
        typed = CliRunner().invoke(
            main, ["--project", str(self.house.project), *words], env=self.environment
        )
        self.said[f"hub {' '.join(words)}"] = f"{typed.output}{typed.exception!r}"


@pytest.fixture
def tattler() -> Iterator[Tattler]:
    with Tattler() as fake:
        yield fake


@pytest.fixture
def smtp() -> Iterator[FakeSmtp]:
    with FakeSmtp(users={"mailer": "another password"}) as fake:
        fake.answers("MAIL", "550 5.7.1 not with this password")
        yield fake


@pytest.fixture
def aviary(
    house: House, tattler: Tattler, smtp: FakeSmtp, database: str, redis_url: str
) -> Iterator[Aviary]:
    """A house in which every secret is a canary; Redis has an account of its own for it."""
    canaries, address = Canaries(), make_url(database)
    host = quote(str(address.query.get("host") or address.host), safe="")
    file = house.project / "hub.yaml"
    head, _, rest = file.read_text("utf-8").partition("connections:\n")
    tail = rest[rest.index("# In mode test") :]
    connections = CONNECTIONS.format(
        url=tattler.url,
        smtp=smtp.base_url,
        database=f"{host}:{address.port or 5432}/{address.database}",
    )
    ports = f"ports: [{tattler.port}, 1"
    text = f"{head}connections:{connections}\n{tail}".replace("ports: [", ports + ", ")
    file.write_text(text.replace("secrets:\n", "secrets:\n  - SHOP_USER\n  - SHOP_PASSWORD\n"))
    leaks = house.project / "workflows" / "leaks.yaml"
    leaks.write_text(LEAKS.format(url=tattler.url))
    password = canaries.named("REDIS_PASSWORD")
    with redis_client.Redis.from_url(redis_url) as admin:
        admin.acl_setuser(
            "canary",
            enabled=True,
            passwords=[f"+{password}"],
            keys=["*"],
            channels=["*"],
            commands=["+@all"],
            reset=True,
        )
        link = urlsplit(house.environment["HUB_REDIS_URL"])
        environment = {
            **house.environment,
            **{name: canaries.named(name) for name in IN_THE_ENVIRONMENT},
            "HUB_LOG_LEVEL": "debug",
            "HUB_ENCRYPTION_KEY": canaries.keep("HUB_ENCRYPTION_KEY", new_key()),
            "HUB_REDIS_URL": f"redis://canary:{quote(password, safe='')}@{link.netloc}/0",
            "HUB_DATABASE_URL": _with_password(database, canaries.core("DATABASE_PASSWORD")),
            "TWILIO_ACCOUNT_SID": "AC1",
            "SMTP_USERNAME": "mailer",
            "SHOP_USER": address.username or "",
        }
        try:
            yield Aviary(house, canaries, environment)
        finally:
            admin.acl_deluser("canary")


def _with_password(database: str, password: str) -> str:
    """The suite's server trusts its sockets and asks for no password; another's is kept."""
    address = make_url(database)
    if address.password is None:
        address = address.set(password=password)
    return address.render_as_string(hide_password=False)


def start(aviary: Aviary) -> None:
    house = aviary.house
    web, worker = (
        house.start("web", **aviary.environment),
        house.start("worker", **aviary.environment),
    )
    house.wait_for_web(web)
    house.wait_for_worker(worker)


def send_all_kinds(aviary: Aviary) -> None:
    """Callers who prove themselves and those who do not, bodies and queries with secrets."""
    canaries, environment = aviary.canaries, aviary.environment
    broker = {"Authorization": f"Bearer {environment['BROKER_API_TOKEN']}"}
    before = {"Authorization": f"Bearer {environment['BROKER_API_TOKEN_PREVIOUS']}"}
    vapi = {"X-Vapi-Secret": environment["VAPI_WEBHOOK_SECRET"]}
    body = {"lead_id": str(aviary.house.lead())}
    carried = {
        "X-Api-Key": canaries.named("API_KEY_HEADER"),
        "Cookie": canaries.core("COOKIE"),
        "X-Auth-Token": canaries.named("TOKEN_HEADER"),
        "X-Hub-Signature": canaries.core("SIGNATURE_HEADER"),
    }
    query = f"?token={quote(canaries.named('QUERY_TOKEN'))}&api_key={canaries.core('QUERY_KEY')}"
    asked = {"lead_id": body["lead_id"], "appointment_time": "2999-01-01T00:00:00Z"}
    call = {
        "type": "tool-calls",
        "toolCallList": [{"id": "t", "function": {"name": "book_appointment", "arguments": asked}}],
        "call": {"id": "c", "assistant": {"server": {"secret": canaries.named("BODY_SECRET")}}},
    }
    wrong = {"Authorization": f"Bearer {canaries.named('WRONG_TOKEN')}"}
    basic = {"Authorization": f"Basic {b64encode(canaries.named('WRONG_BASIC').encode()).decode()}"}
    signed = json.dumps({"triggerEvent": "PING", "payload": {}}).encode()
    digest = hmac.new(environment["CALCOM_WEBHOOK_SECRET"].encode(), signed, hashlib.sha256)
    calcom = {"X-Cal-Signature-256": canaries.keep("SIGNATURE", digest.hexdigest())}
    statuses = {
        "202 a run that fails": aviary.post("leaks", "leaks", body, broker),
        "202 with more": aviary.post("more", f"calls-out{query}", body, {**before, **carried}),
        "200 a call": aviary.post("a call", "vapi-appointment-booked", {"message": call}, vapi),
        "401 wrong": aviary.post("wrong", f"calls-out{query}", body, {**wrong, **carried}),
        "401 basic": aviary.post("basic", "calls-out", body, basic),
        "401 signature": aviary.post(
            "signature", "calcom", body, {"X-Cal-Signature-256": canaries.core("WRONG_SIGNATURE")}
        ),
        "404 nowhere": aviary.post("nowhere", f"nowhere{query}", body, {**broker, **carried}),
        "400 cut": aviary.post("cut", "calls-out", b'{"lead_id": "', broker),
        "422 wrong body": aviary.post("wrong body", "calls-out", {"lead_id": 5}, broker),
    }
    aviary.post("calcom", "calcom", signed, calcom)
    assert [what for what, status in statuses.items() if not what.startswith(status)] == []


def reprs(aviary: Aviary) -> Iterator[tuple[str, bytes]]:
    """What a debugger's print or a traceback with locals would show of the hub itself."""
    settings = Settings.from_environment(aviary.environment, project=aviary.house.project)
    hub = open_hub(settings, role="command")
    try:
        shown = {
            "settings": settings,
            "hub": hub,
            "database": hub.database,
            "doorbell": hub.doorbell,
            "secrets": hub.secrets,
            "in force": hub.current,
            "project": hub.project,
            "executor": hub.executor,
            "reception": hub.reception,
            "services": [hub.services.of(name) for name in (None, "shop", "email", "slack")],
        }
        told = {name: f"{each!r} {each!s} {pprint.pformat(each)}" for name, each in shown.items()}
        yield from of_texts({f"repr of {name}": each for name, each in told.items()})
    finally:
        hub.close()


def backup(aviary: Aviary) -> Iterator[tuple[str, bytes]]:
    """What `hub db backup` wrote, unpacked: whoever finds the file reads it like this."""
    file = aviary.house.project / "whole.dump"
    aviary.type("db", "backup", str(file))
    programs = _Postgres(aviary.house.database, aviary.environment)
    yield from of_texts({"the backup": programs.run("pg_restore", "--file=-", file)})


def server_log(house: House) -> Iterator[tuple[str, bytes]]:
    """What PostgreSQL itself wrote, where that can be read."""
    folder = Path(str(house.rows("SHOW data_directory")[0][0]))
    for name in ("log", "server.log", "postgres.log", "postgresql.log"):
        path = folder / name
        if path.is_file():
            yield f"PostgreSQL's {name}", path.read_bytes()


@pytest.mark.usefixtures("logging_as_before")
def test_P9_S6_no_secret_shows_anywhere(aviary: Aviary, redis_url: str, figure: Figure):
    house, canaries = aviary.house, aviary.canaries
    with redis_client.Redis.from_url(redis_url) as redis, redis.monitor() as monitor:
        start(aviary)
        send_all_kinds(aviary)
        house.wait_for_the_end()
        for run in house.rows("SELECT id, status FROM runs"):
            aviary.type("runs", "show", str(run.id))
            aviary.type("runs", "show", str(run.id), "--json")
        for words in COMMANDS:
            aviary.type(*words)
        titles = list(of_process_titles())
        redis.set("the end of the traffic", "1")
        heard = []
        while "the end of the traffic" not in (command := monitor.next_command()["command"]):
            heard.append(command)
        rows = [*of_database(house.database)]
        kept = [*of_redis(redis)]

    (unpacked,) = backup(aviary)
    places = {
        "rows": rows,
        "the backup": [unpacked],
        "Redis": kept,
        "commands to Redis": [*of_texts({"a command to Redis": "\n".join(heard)})],
        "answers and commands": [*of_texts(aviary.said)],
        "process titles": titles,
        "reprs": [*reprs(aviary)],
        "logs": [*of_files(house.project), *server_log(house)],
    }
    failures = house.rows(
        "SELECT path, error ->> 'code' AS code FROM steps WHERE error IS NOT NULL"
    )
    assert all(str(run.id).encode() in unpacked[1] for run in house.rows("SELECT id FROM runs"))
    searched = sum(len(content) for each in places.values() for _, content in each)
    assert [name for name, each in places.items() if not each] == []
    assert {row.code for row in failures} >= {"unauthorized", "not_allowed", "unavailable"}
    assert canaries.seen_in(each for found in places.values() for each in found) == []
    figure("P9", f"{canaries.count} canaries, {searched // 1024} KiB searched: 0 found")
