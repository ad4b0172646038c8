"""sql.query against a real PostgreSQL: what is sent and what comes back (S13)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from hub.action import Attempt
from hub.bootstrap.actions import all_actions
from hub.connectors.connections import ConnectionSettings
from hub.connectors.sql import LONGEST, SqlClient, query
from hub.errors import Permanent, Transient
from tests.integration.connectors.shop import PASSWORD, Shop, ask, failure
from tests.processes.link import Link


def test_S13_rows_come_as_json(shop: Shop, attempt: Attempt):
    found = ask(
        shop,
        attempt,
        "SELECT name, seen, 1.50::numeric AS price, 2^53::bigint AS big, true AS yes, NULL AS none,"
        " '{\"a\": [1]}'::jsonb AS data, ARRAY[1,2] AS list, interval '90 s' AS span,"
        " 'NaN'::float8 AS odd, date '2025-10-20' AS day FROM customers WHERE id = :id",
        id=1,
    )

    assert found.count == 1
    assert found.rows == [
        {
            "name": "Ada",
            "seen": "2025-10-20T12:00:00Z",
            "price": "1.50",
            "big": 2**53,
            "yes": True,
            "none": None,
            "data": {"a": [1]},
            "list": [1, 2],
            "span": 90.0,
            "odd": "nan",
            "day": "2025-10-20",
        }
    ]


HOSTILE = ["' OR 1=1 --", "'; DROP TABLE customers; --", ":id", "%(id)s", "$1", "\\'", "é\u2028"]


@pytest.mark.parametrize("value", HOSTILE)
def test_S13_a_value_is_never_read_as_a_part_of_the_query(shop, attempt, value: str):
    found = ask(shop, attempt, "SELECT :value::text AS same, '50 %' AS fixed", value=value)
    none = ask(shop, attempt, "SELECT id FROM customers WHERE name = :value", value=value)

    assert found.rows == [{"same": value, "fixed": "50 %"}]
    assert none.rows == []


def test_S13_what_looks_like_a_parameter_and_is_none_stays(shop: Shop, attempt: Attempt):
    """In texts, comments and casts; a percent sign is nothing special."""
    found = ask(
        shop,
        attempt,
        "SELECT ':a' AS a, E'\\':b' AS b, $x$:c%s$x$ AS c, '12:30'::text AS \":d\", 7 % 4 AS e,"
        " :f::int AS f -- :g\n /* :h */",
        f=1,
    )

    assert found.rows == [{"a": ":a", "b": "':b", "c": ":c%s", ":d": "12:30", "e": 3, "f": 1}]


def test_S13_values_of_every_json_type_are_bound(shop: Shop, attempt: Attempt):
    found = ask(
        shop,
        attempt,
        "SELECT :a::int + 1 AS a, :b::jsonb ->> 'x' AS b, :c::text IS NULL AS c,"
        " id FROM customers WHERE name = ANY(:d)",
        a=1,
        b={"x": "y"},
        c=None,
        d=["Ada", "Zoë"],
    )

    assert found.rows == [{"a": 2, "b": "y", "c": True, "id": 1}]


@pytest.mark.parametrize("params", [{}, {"id": 1, "more": 2}, {"other": 1}])
def test_S13_params_are_exactly_those_that_the_query_names(shop, attempt, params: dict[str, Any]):
    refused = failure(shop, attempt, "SELECT name FROM customers WHERE id = :id", **params)

    assert (type(refused), refused.code) == (Permanent, "invalid_input")


@pytest.mark.parametrize("value", ["\0", "\ud800"])
def test_S13_values_that_no_database_can_take_are_refused(shop, attempt, value: Any):
    refused = failure(shop, attempt, "SELECT :value AS v", value=value)

    assert isinstance(refused, Permanent)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM customers",
        "SELECT 1; COMMIT; DELETE FROM customers",
        "SELECT :x::int; DELETE FROM customers",
    ],
)
def test_S13_one_statement_is_all_that_is_sent(shop: Shop, attempt: Attempt, statement: str):
    params = {"x": 1} if ":x" in statement else {}

    refused = failure(shop, attempt, statement, **params)

    assert (type(refused), refused.code) == (Permanent, "rejected")
    assert "multiple commands" in str(refused)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM customers",
        "INSERT INTO customers VALUES (3, 'x')",
        "SET ROLE postgres",
        "/* SELECT */ SET ROLE postgres",
        "-- SELECT\nRESET ALL",
        "COPY customers TO STDOUT",
        "COPY customers TO PROGRAM 'cat'",
        "DO $$ BEGIN PERFORM 1; END $$",
        "CALL note()",
        "CREATE TEMP TABLE x (i int)",
        "LISTEN hub",
        "COMMIT",
        "",
        "selection",
    ],
)
def test_S13_only_questions_are_sent(shop: Shop, attempt: Attempt, statement: str):
    assert failure(shop, attempt, statement).code == "invalid_query"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT note()",
        "SELECT nextval('numbers')",
        "WITH gone AS (DELETE FROM customers RETURNING id) SELECT * FROM gone",
        "SELECT * INTO copied FROM customers",
        "SELECT set_config('transaction_read_only', 'off', true), note()",
        "SELECT * FROM customers FOR UPDATE",
        "SELECT query_to_xml('DELETE FROM customers RETURNING id', false, false, '')",
    ],
)
def test_S13_what_a_query_would_change_is_refused(shop: Shop, attempt: Attempt, statement: str):
    shop.do(f"GRANT ALL ON customers, numbers TO {shop.role}")
    try:
        refused = failure(shop, attempt, statement)
    finally:
        shop.do(f"REVOKE ALL ON customers, numbers FROM {shop.role}")
        shop.do(f"GRANT SELECT ON customers, numbers TO {shop.role}")

    assert isinstance(refused, Permanent)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT set_config('role', 'postgres', false)",
        "SELECT set_config('session_authorization', 'postgres', false)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_reload_conf()",
        "TABLE pg_shadow",
    ],
)
def test_S13_the_server_is_out_of_reach(shop: Shop, attempt: Attempt, statement: str):
    refused = failure(shop, attempt, statement)

    assert refused.code in {"unauthorized", "rejected", "not_allowed"}


def test_S13_a_query_ends_after_five_seconds_at_most(shop: Shop, attempt: Attempt, figure):
    """Also when it takes its own limit away; here with a shorter one."""
    hasty = replace(attempt, timeout=timedelta(milliseconds=300))
    for statement in (
        "SELECT pg_sleep(60)",
        "SELECT pg_sleep(60) FROM set_config('statement_timeout', '0', false)",
        "SELECT count(*) FROM generate_series(1, 1e12::bigint)",
    ):
        refused = failure(shop, hasty, statement)
        assert (type(refused), refused.code) == (Transient, "timeout")
    assert all_actions()["sql.query"].timeout == timedelta(seconds=5)
    figure("S13", "endless queries end at their limit, ≤ 1,000 rows, ≤ 1 MiB, 0 writes")


@contextmanager
def trickling(answer: bytes) -> Iterator[int]:
    """A port where the bytes of an answer come one by one, each after a while."""
    ended = Event()

    def answer_one(listening: socket.socket) -> None:
        with suppress(OSError), listening.accept()[0] as caller:
            for byte in answer:
                ended.wait(0.02)
                caller.sendall(bytes([byte]))
            ended.wait()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=answer_one, args=(listening,))
        thread.start()
        yield listening.getsockname()[1]
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"R\0\0\7\0" + b"\1" * 60], ids=["silent", "slow"])
def test_S13_a_server_that_says_nothing_or_trickles_ends_the_query_in_time(shop, attempt, answer):
    """Its way in belongs to the five seconds."""
    hasty = replace(attempt, timeout=timedelta(milliseconds=300))
    began = monotonic()
    with trickling(answer) as port:
        url = f"postgresql://127.0.0.1:{port}/shop"
        there = replace(shop, settings=replace(shop.settings, base_url=url))
        refused = failure(there, hasty, "SELECT 1 AS one")

    assert (type(refused), refused.code) == (Transient, "timeout")
    assert monotonic() - began < LONGEST.total_seconds()


def test_S13_answers_that_are_each_in_time_are_too_late_together(shop, attempt):
    """The way in, the look at the role, the query and its rows have one deadline."""
    with Link.to_postgres(str(shop.owner.url)) as link:
        there = settings_through(link, shop.settings)
        link.delay(0.1)
        slow = replace(attempt, timeout=timedelta(milliseconds=500))
        refused = failure(replace(shop, settings=there), slow, "SELECT 1 AS one")
        patient = ask(replace(shop, settings=there), attempt, "SELECT 1 AS one")

    assert (type(refused), refused.code) == (Transient, "timeout")
    assert patient.count == 1


def settings_through(link: Link, settings: ConnectionSettings) -> ConnectionSettings:
    database = str(settings.base_url).rpartition("/")[2]
    return replace(settings, base_url=f"postgresql://127.0.0.1:{link.port}/{database}")


def test_S13_more_than_a_thousand_rows_are_refused_not_cut(shop: Shop, attempt: Attempt):
    series = "SELECT generate_series(1, :n) AS n"

    assert ask(shop, attempt, series, n=1_000).count == 1_000
    for many in (1_001, 100_000_000):
        assert failure(shop, attempt, series, n=many).code == "too_many_rows"


def test_S13_rows_are_no_larger_than_a_mebibyte(shop: Shop, attempt: Attempt):
    refused = failure(shop, attempt, "SELECT repeat('x', 2000) FROM generate_series(1, 900)")

    assert refused.code == "answer_too_large"


def test_S13_columns_that_cannot_be_told_are_refused(shop: Shop, attempt: Attempt):
    for statement, code in {
        "SELECT 1 AS a, 2 AS a": "invalid_query",
        "SELECT '\\x00'::bytea AS raw": "answer_unreadable",
        "SELECT 'infinity'::timestamptz AS ever": "invalid_input",
        "SELECT nothing FROM nowhere": "rejected",
    }.items():
        assert failure(shop, attempt, statement).code == code


def test_S13_nothing_that_a_query_sets_is_there_for_the_next(shop: Shop, attempt: Attempt):
    ask(shop, attempt, "SELECT set_config('hub.left', 'x', false), pg_advisory_lock(7)")
    left = ask(shop, attempt, "SELECT current_setting('hub.left', true) AS left, pg_backend_pid()")

    assert left.rows[0]["left"] in {None, ""}
    assert ask(shop, attempt, "SELECT pg_try_advisory_lock(7) AS free").rows == [{"free": True}]


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "mysql://db/shop",
        "postgresql://db",
        "postgresql://user:pass@db/shop",
        "postgresql://db/shop?host=other",
        "postgresql://db,other/shop",
        "postgresql://db:port/shop",
    ],
)
def test_S13_an_address_that_says_more_than_host_and_database_is_refused(attempt, base_url: str):
    settings = ConnectionSettings(
        "shop", "postgres", base_url=base_url, credentials={"username": "u", "password": PASSWORD}
    )
    with pytest.raises(Permanent) as refused:
        query(SqlClient(settings), attempt, query="SELECT 1 AS one")

    assert refused.value.code == "not_configured"


def test_S13_a_database_that_is_not_there_is_told_without_its_password(attempt: Attempt):
    settings = ConnectionSettings(
        "shop",
        "postgres",
        base_url="postgresql://127.0.0.1:1/shop",
        credentials={"username": "u", "password": PASSWORD},
        options={"sslmode": "disable"},
    )
    with pytest.raises(Transient) as refused:
        query(SqlClient(settings), attempt, query="SELECT 1 AS one")

    assert refused.value.code == "unavailable"
    assert PASSWORD not in repr(refused.value)


def test_S13_the_text_of_a_query_is_fixed():
    found = all_actions()["sql.query"]

    assert found.literal_inputs == ("query",)
    assert (found.effect, found.outward) == ("read", True)
