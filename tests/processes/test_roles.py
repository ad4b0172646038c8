"""The hub runs with the roles that docs/security.md shows, and they can do no more."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from hub.storage import migrate
from tests.fakes.servers import Servers
from tests.processes.house import ROOT, House

PASSWORD = "a-password-of-the-tests"


def documented(title: str, names: dict[str, str]) -> list[str]:
    """The statements below `-- title` in docs/security.md, word for word, with these names."""
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    (block,) = re.findall(rf"```sql\n-- {re.escape(title)}\n(.*?)```", page, re.DOTALL)
    for word, name in names.items():
        block = re.sub(rf"(?<![\w.]){re.escape(word)}(?!\w)", name, block)
    return [each for each in block.split(";\n") if each.strip()]


def do(engine: Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for each in statements:
            connection.exec_driver_sql(each)


def opened(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


@pytest.fixture
def as_documented(servers: Servers) -> Iterator[dict[str, str]]:
    """A database made as the page says; the addresses of its owner, its user and the server's."""
    mark = secrets.token_hex(4)
    names = {
        "hub_owner": f"hub_owner_{mark}",
        "hub": f"hub_{mark}",
        "hubdb": f"hubdb_{mark}",
        "'a long random password'": f"'{PASSWORD}'",
        "'another long random password'": f"'{PASSWORD}'",
    }
    server = opened(servers.database_url)
    inside = make_url(servers.database_url).set(database=names["hubdb"])
    try:
        do(server, *documented("the server", names))
        do(opened(inside.render_as_string(hide_password=False)), *documented("the database", names))
        yield {
            role: inside.set(username=names[role], password=PASSWORD).render_as_string(
                hide_password=False
            )
            for role in ("hub_owner", "hub")
        }
    finally:
        do(server, f"DROP DATABASE IF EXISTS {names['hubdb']} WITH (FORCE)")
        do(server, f"DROP ROLE IF EXISTS {names['hub']}, {names['hub_owner']}")


FORBIDDEN = (
    "CREATE TABLE mine (i int)",
    "DROP TABLE runs",
    "ALTER TABLE runs ADD COLUMN mine int",
    "TRUNCATE runs",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "COPY runs TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
)


def test_the_hub_works_with_a_role_that_changes_rows_and_no_tables(
    house: House, as_documented: dict[str, str]
):
    migrate.upgrade(as_documented["hub_owner"])
    rows = create_engine(as_documented["hub"], poolclass=NullPool)
    small = replace(house, database=rows, started=house.started)
    address = {"HUB_DATABASE_URL": as_documented["hub"]}

    web, worker = house.start("web", **address), house.start("worker", **address)
    small.wait_for_web(web)
    small.wait_for_worker(worker)
    answer = small.call_ends(small.lead(), "call-1")
    small.wait_for_the_end()

    assert answer.status_code == 202
    assert small.statuses() == {"succeeded": 1}
    for statement in FORBIDDEN:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            do(opened(as_documented["hub"]), statement)
