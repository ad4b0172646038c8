"""What the role of a database connection must not be able to do (S13): asked before each query.

A role can become whatever it is a member of (`set_config('role', …)` is a function), so every role
within its reach is judged, not the one that logged in alone.
"""

from __future__ import annotations

import psycopg

from hub.errors import Permanent
from hub.storage import tables

# A schema in which all of these lie is the hub's. All of them, since others have `runs` too.
_OWN_TABLES = [
    each.name for each in (tables.deliveries, tables.dedupe_keys, tables.runs, tables.run_history)
]
_POWERFUL = (
    "pg_execute_server_program",
    "pg_read_server_files",
    "pg_signal_backend",
    "pg_write_server_files",
)

_ALL = "is a superuser"
_QUESTION = """
WITH reach AS MATERIALIZED (
  SELECT * FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
), schemas AS (
  SELECT oid, nspname, nspowner FROM pg_catalog.pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT 'is a superuser' FROM reach WHERE rolsuper
UNION SELECT 'may make roles or databases, replicate, or pass by row security'
  FROM reach WHERE rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
UNION SELECT 'is a member of ' || rolname FROM reach WHERE rolname::text = ANY(%(powerful)s)
UNION SELECT 'may make schemas in this database' FROM reach
  WHERE pg_catalog.has_database_privilege(oid, pg_catalog.current_database(), 'CREATE')
UNION SELECT pg_catalog.format('may make tables in the schema %%I', nspname) FROM schemas, reach
  WHERE pg_catalog.has_schema_privilege(reach.oid, schemas.oid, 'CREATE')
UNION SELECT pg_catalog.format('owns %%I.%%I', nspname, relname)
  FROM pg_catalog.pg_class JOIN schemas ON schemas.oid = relnamespace
  WHERE relowner IN (SELECT oid FROM reach)
UNION SELECT pg_catalog.format('owns the function %%I.%%I', nspname, proname)
  FROM pg_catalog.pg_proc JOIN schemas ON schemas.oid = pronamespace
  WHERE proowner IN (SELECT oid FROM reach)
UNION SELECT 'may open connections to other databases with dblink'
  FROM reach, pg_catalog.pg_extension
    JOIN pg_catalog.pg_depend ON refobjid = pg_extension.oid AND deptype = 'e'
      AND refclassid = 'pg_catalog.pg_extension'::regclass
      AND classid = 'pg_catalog.pg_proc'::regclass
  WHERE extname = 'dblink' AND pg_catalog.has_function_privilege(reach.oid, objid, 'EXECUTE')
UNION SELECT pg_catalog.format(
    'is connected to the database of the hub itself (schema %%I)', relnamespace::regnamespace)
  FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND relname::text = ANY(%(own)s)
  GROUP BY relnamespace HAVING pg_catalog.count(*) = pg_catalog.cardinality(%(own)s::text[])
ORDER BY 1
"""


def excessive_rights(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    """What is too much, in words; nothing when the role is as small as it must be."""
    values = {"own": _OWN_TABLES, "powerful": list(_POWERFUL)}
    found = [str(row[0]) for row in connection.execute(_QUESTION, values)]
    return [_ALL] if _ALL in found else found  # then everything else is true as well


def check_rights(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """Raise `Permanent("not_allowed")` when the role of this connection can do too much."""
    found = excessive_rights(connection)
    if found:
        raise Permanent(
            "not_allowed",
            f"the connection {name} is not used: its role {'; '.join(found[:3])}"[:300]
            + "; docs/security.md shows the role it needs",
        )
