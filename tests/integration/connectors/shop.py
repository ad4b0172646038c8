"""A database of the operator's, with the role that docs/security.md shows (S13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from hub.action import Attempt
from hub.connectors.connections import ConnectionSettings
from hub.connectors.sql import Rows, SqlClient, query
from hub.errors import StepFailed

PASSWORD = "pa55-of-the/role"
PAGE = Path(__file__).parents[3] / "docs" / "security.md"


@dataclass(frozen=True)
class Shop:
    """A database of the operator's, and the role that asks it."""

    owner: Engine
    settings: ConnectionSettings

    @property
    def role(self) -> str:
        return self.settings.credentials["username"]

    def do(self, *statements: str) -> None:
        """As the owner."""
        with self.owner.connect() as connection:
            for each in statements:
                connection.exec_driver_sql(each)

    def told(self, question: str) -> Any:
        """One value, as the owner sees it."""
        with self.owner.connect() as connection:
            return connection.exec_driver_sql(question).scalar()


def settings_at(url: str, role: str) -> ConnectionSettings:
    address = make_url(url)
    host = str(address.query.get("host") or address.host)
    return ConnectionSettings(
        "shop",
        "postgres",
        base_url=f"postgresql://{quote(host, safe='')}:{address.port or 5432}/{address.database}",
        credentials={"username": role, "password": PASSWORD},
        options={"sslmode": "disable"},
    )


def documented(role: str, database: str) -> list[str]:
    """The statements of docs/security.md, word for word, with these names."""
    page = PAGE.read_text("utf-8")
    maker, owner = re.findall(r"```sql\n(-- sql\.query, .*?)```", page, re.DOTALL)
    block = maker + owner
    words = {"hub_reader": role, "'a long random password'": f"'{PASSWORD}'", "shop": database}
    for word, name in words.items():
        block = re.sub(rf"(?<![\w.]){re.escape(word)}(?!\w)", name, block)
    return [each for each in block.split(";\n") if each.strip()]


def ask(shop: Shop, attempt: Attempt, statement: str, **params: Any) -> Rows:
    return query(SqlClient(shop.settings), attempt, query=statement, params=params)


def failure(shop: Shop, attempt: Attempt, statement: str, **params: Any) -> StepFailed:
    with pytest.raises(StepFailed) as refused:
        ask(shop, attempt, statement, **params)
    assert PASSWORD not in str(refused.value)
    return refused.value
