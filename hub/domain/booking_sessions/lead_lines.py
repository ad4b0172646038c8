"""The lines between the page of a session and its lead, and the link that leads there (X20).

The link holds the session's id and a proof that we made it: nobody finds another one's page.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, digest
from uuid import UUID

SEEN, DONE = "hub:lead:{}:seen", "hub:lead:{}:done"  # what the lead sees; what the lead does
PATH = "/handoff/"
_PROOF = 32  # characters
_MEANING = b"hand-over of a booking session, "


def link_token(session_id: UUID, key: str) -> str:
    """What stands in the link of a session; `key` is the hub's own."""
    return session_id.hex + _proof(session_id, key)


def session_of(token: str, key: str) -> UUID | None:
    """The session that a link is for; None: we made no such link."""
    size = len(UUID(int=0).hex)
    if len(token) != size + _PROOF or not token.isascii():
        return None
    try:
        session_id = UUID(token[:size])
    except ValueError:
        return None
    return session_id if compare_digest(token, link_token(session_id, key)) else None


def digest_of(viewer: str) -> str:
    """What is stored of the word that a browser keeps."""
    return sha256(viewer.encode()).hexdigest()


def _proof(session_id: UUID, key: str) -> str:
    return digest(key.encode(), _MEANING + session_id.bytes, "sha256").hex()[:_PROOF]
