"""The people of the console: who they are, what they may do, where they are signed in.

Of passwords, sessions, invitations and tokens only digests are here: whoever reads these rows can
be nobody else (S6, S7).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import UUID

from hub.storage.tables.columns import created, instant, metadata

_ROLES = "role IN ('viewer', 'operator', 'editor', 'admin')"

people = Table(
    "people",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("email", Text, nullable=False, unique=True),  # in lower case
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    created(),
    instant("signed_in_at"),
    CheckConstraint(_ROLES, name="role"),
)

invitations = Table(  # one use each; without an e-mail address whoever has it names one
    "invitations",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("email", Text),
    Column("role", Text, nullable=False),
    created(),
    instant("expires_at", required=True),
    CheckConstraint(_ROLES, name="role"),
    Index(None, "email"),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("person_id", UUID, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("origin", Text, nullable=False),  # from where it was begun
    created(),
    instant("seen_at", required=True),
    instant("expires_at", required=True),  # however much it is used
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("person_id", UUID, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),  # never more than its person may
    created(),
    instant("expires_at", required=True),
    instant("used_at"),
    CheckConstraint(_ROLES, name="role"),
    Index(None, "person_id"),
)

sign_in_failures = Table(  # by account and by address, both as digests
    "sign_in_failures",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    instant("last_at", required=True),
    instant("free_at", required=True),  # before it nobody is let try
    Index(None, "last_at"),
)
