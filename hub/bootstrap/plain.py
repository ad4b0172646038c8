"""Settings that are right at a glance: nothing is loaded to see it, and somebody waits.

What is not plain may be right too: `preflight.check_values` knows, with the libraries that use it.
"""

from __future__ import annotations

import re

from hub.config import Settings

_LOGIN = r"(?:[\w.%+~-]*(?::[\w.%+~-]*)?@)?"
DATABASE = re.compile(
    rf"postgresql(?:\+psycopg)?://{_LOGIN}[\w.-]*(?::[0-9]{{1,4}})?/[\w.-]+(?:\?host=[\w./%+-]+)?",
    re.ASCII,
)
REDIS = re.compile(
    rf"rediss?://{_LOGIN}[\w.-]+(?::[0-9]{{1,4}})?(?:/[0-9]{{1,2}})?|unix://{_LOGIN}/[\w./+-]+",
    re.ASCII,
)
KEY = re.compile(r"[A-Za-z0-9_-]{43}=")  # 32 bytes


def are_plain(settings: Settings) -> bool:
    """Whether the addresses and the key are such that `check_values` lets them pass."""
    return bool(
        DATABASE.fullmatch(settings.database_url)
        and REDIS.fullmatch(settings.redis_url)
        and KEY.fullmatch(settings.encryption_key)
    )
