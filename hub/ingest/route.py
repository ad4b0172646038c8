"""Where a request goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.ingest.cors import Cors
from hub.ingest.entrance import Entrance


@dataclass(frozen=True)
class Route:
    """Where a request goes, known before its body is read."""

    entrance: Entrance
    params: Mapping[str, str]
    cors: Cors | None = None

    @property
    def max_body(self) -> int:
        """How many bytes the body may have."""
        return self.entrance.endpoint.max_body
