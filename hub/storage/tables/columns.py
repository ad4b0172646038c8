"""The columns that many tables have. Instants are `timestamptz` (X01)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, MetaData, func
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def instant(name: str, *, required: bool = False) -> Column[Any]:
    """A point in time, with its zone."""
    return Column(name, DateTime(timezone=True), nullable=not required)


def created(name: str = "created_at") -> Column[Any]:
    """When the row was made, as the database says."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def json_column(name: str, *, required: bool = False) -> Column[Any]:
    """A JSON value; its keys lose their order."""
    return Column(name, JSONB(none_as_null=True), nullable=not required)
