"""In which country a tenant's clients write their phone numbers when they leave it out."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_REGION = """
ALTER TABLE tenants ADD COLUMN phone_region TEXT;
"""


def upgrade() -> None:
    """A column that the version before does not look at."""
    op.execute(_REGION)
