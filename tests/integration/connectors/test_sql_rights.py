"""Which roles and databases sql.query works with (S13)."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from hub.action import Attempt
from hub.connectors.sql import SqlClient
from hub.connectors.sql_rights import _OWN_TABLES
from hub.errors import Permanent
from hub.storage.tables import metadata
from tests.integration.connectors.shop import Shop, failure, settings_at

GRANTS = {
    "superuser": ("ALTER ROLE {role} SUPERUSER", "ALTER ROLE {role} NOSUPERUSER"),
    "roles or databases": ("ALTER ROLE {role} CREATEDB", "ALTER ROLE {role} NOCREATEDB"),
    "pg_read_server_files": (
        "GRANT pg_read_server_files TO {role}",
        "REVOKE pg_read_server_files FROM {role}",
    ),
    "make schemas": (
        "GRANT CREATE ON DATABASE {database} TO {role}",
        "REVOKE CREATE ON DATABASE {database} FROM {role}",
    ),
    "make tables in the schema public": (
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ),
    "owns public.theirs": (
        "CREATE TABLE theirs (i int); ALTER TABLE theirs OWNER TO {role}",
        "DROP TABLE theirs",
    ),
}


@pytest.mark.parametrize("what", GRANTS)
def test_S13_a_role_that_can_do_too_much_is_not_used(shop: Shop, attempt: Attempt, what: str):
    names = {"role": shop.role, "database": make_url(str(shop.owner.url)).database}
    grant, revoke = (each.format(**names) for each in GRANTS[what])
    shop.do(*grant.split("; "))
    try:
        refused = failure(shop, attempt, "SELECT 1 AS one")
        assert what in "; ".join(SqlClient(shop.settings).excessive_rights())
    finally:
        shop.do(revoke)

    assert (type(refused), refused.code) == (Permanent, "not_allowed")
    assert what in str(refused)
    assert SqlClient(shop.settings).excessive_rights() == []


def test_S13_what_a_role_can_become_counts_also_when_it_inherits_nothing(shop, attempt):
    other = f"other_{secrets.token_hex(4)}"
    shop.do(
        f"CREATE ROLE {other} NOLOGIN CREATEDB",
        f"ALTER ROLE {shop.role} NOINHERIT",
        f"GRANT {other} TO {shop.role}",
    )
    try:
        refused = failure(shop, attempt, "SELECT set_config('role', 'x', false)")
    finally:
        shop.do(f"DROP ROLE {other}", f"ALTER ROLE {shop.role} INHERIT")

    assert refused.code == "not_allowed"


@pytest.mark.parametrize("rights", ["none", "all"])
def test_S13_the_database_of_the_hub_is_refused_whatever_the_role_may_do(
    shop: Shop, attempt: Attempt, database: str, rights: str
):
    inside = replace(shop, settings=settings_at(database, shop.role))
    owner = create_engine(database, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    verb, way = ("GRANT", "TO") if rights == "all" else ("REVOKE", "FROM")
    with owner.connect() as connection:
        connection.exec_driver_sql(
            f"{verb} SELECT ON ALL TABLES IN SCHEMA public {way} {shop.role}"
        )
    try:
        refused = failure(inside, attempt, "SELECT id FROM runs")
    finally:
        with owner.connect() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {shop.role}")

    assert refused.code == "not_allowed"
    assert "the database of the hub itself" in str(refused)
    assert set(_OWN_TABLES) <= set(metadata.tables)


def test_a_check_asks_the_role_and_changes_nothing(shop):
    said = SqlClient(shop.settings).check()

    assert said.startswith("PostgreSQL ")
    assert said.endswith("answers, and the role can read and nothing else")
