"""What hub.yaml says of a database that is asked, and where that leads to."""

from __future__ import annotations

import re
from urllib.parse import unquote

from sqlalchemy import URL

from hub.connectors.connections import ConnectionSettings, ConnectionType, Field
from hub.errors import Permanent

_ADDRESS = re.compile(
    r"postgresql://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._%-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"/(?P<database>[^/?#]+)",
    re.ASCII,
)
_TLS = ("verify-full", "verify-ca", "require", "disable")

POSTGRES = ConnectionType(
    name="postgres",
    title="PostgreSQL database of your own, with a role that cannot change its tables",
    actions=("sql.query",),
    credentials=(
        Field("username", "role, see docs/security.md"),
        Field("password", "password of that role", required=False),
    ),
    options=(
        Field(
            "sslmode",
            "verify-full (default), verify-ca, require, or disable",
            required=False,
        ),
        Field("ca_file", "PEM file of a private certificate authority", required=False),
    ),
    base_url=Field("base_url", "postgresql://host:5432/database"),
)


def address_of(settings: ConnectionSettings) -> tuple[str, int, URL]:
    """Host, port and all that leads there; raises `Permanent("not_configured")`."""
    found = _ADDRESS.fullmatch(settings.base_url or "")
    mode = settings.options.get("sslmode", _TLS[0])
    if found is None or mode not in _TLS:
        raise Permanent(
            "not_configured",
            f"the connection {settings.name} of hub.yaml needs a base_url such as"
            " postgresql://db.example.com:5432/shop, without a user, and options.sslmode may be"
            f" {', '.join(_TLS)}",
        )
    host, port = unquote(found["host"]).strip("[]"), int(found["port"] or 5432)
    query = {"sslmode": mode, "sslrootcert": settings.options.get("ca_file") or "system"}
    if mode == "disable" or (mode == "require" and "ca_file" not in settings.options):
        del query["sslrootcert"]
    url = URL.create(
        "postgresql",
        username=settings.credentials["username"],
        password=settings.credentials.get("password") or None,
        port=port,
        database=unquote(found["database"]),
        query={**query, "host": host},
    )
    return host, port, url
