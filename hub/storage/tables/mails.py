"""Addresses that must not be written to, and why."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, text

from hub.storage.tables.columns import instant, metadata

mail_addresses = Table(  # what is known of each address that something was reported of
    "mail_addresses",
    metadata,
    Column("address", Text, primary_key=True),  # as addresses are compared: small letters
    instant("blocked_at"),
    Column("reason", Text),
    Column("source", Text, nullable=False),  # who told the last that counted
    instant("allowed_at"),  # by a person; a report of later counts all the same
    instant("deferred_at"),  # the last refusal that may pass
    Column("deferrals", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("address = lower(address)", name="folded"),
    CheckConstraint("(blocked_at IS NULL) = (reason IS NULL)", name="why"),
    CheckConstraint("reason IN ('bounce', 'complaint', 'refused', 'request')", name="reason"),
)
