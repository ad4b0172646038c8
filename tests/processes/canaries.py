"""Canaries: values nobody else has, put where secrets stand, and looked for everywhere (P9).

Each has a core of letters and digits that no way of escaping changes (JSON, URLs, HTML, SQL): it is
looked for plain, in hex, and in base64 wherever it may begin there.
"""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text

_CORE = 20  # characters
_LARGEST_FILE = 32 * 1024 * 1024


class Canaries:
    """The canaries of one test: `named("TOKEN")` makes one, `seen_in(...)` finds them."""

    def __init__(self) -> None:
        self._cores: dict[str, str] = {}

    def named(self, name: str) -> str:
        """A value for this place, with characters that are written differently here and there."""
        return f'{name}/+"&{self.core(name)}=%\\'

    def core(self, name: str) -> str:
        """A value of letters and digits alone, where nothing else is allowed."""
        return self._cores.setdefault(name, f"canary{secrets.token_hex(_CORE // 2)}")

    def keep(self, name: str, value: str) -> str:
        """A value that was made by others."""
        self._cores[name] = value
        return value

    @property
    def count(self) -> int:
        return len(self._cores)

    def seen_in(self, places: Iterator[tuple[str, bytes]]) -> list[str]:
        """`canary: place` for each that shows."""
        wanted = [(name, form) for name, core in self._cores.items() for form in forms(core)]
        found = set()
        for place, content in places:
            lower = content.lower()
            found |= {f"{name}: {place}" for name, form in wanted if form in content}
            found |= {
                f"{name}: {place}"
                for name, core in self._cores.items()
                if core.encode().hex().encode() in lower
            }
        return sorted(found)


def forms(core: str) -> Iterator[bytes]:
    """Plain, and what base64 makes of it at each of the three places where it may begin."""
    raw = core.encode()
    yield raw
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + raw)[first:last]


# --------------------------------------------------------------------------------- where to look


def of_texts(texts: Mapping[str, str | bytes]) -> Iterator[tuple[str, bytes]]:
    """Texts by name."""
    for name, content in texts.items():
        yield name, content if isinstance(content, bytes) else content.encode(errors="replace")


def of_database(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """Every value of every row of every table, and what the server knows of our sessions."""
    with engine.connect() as connection:
        tables = [f'SELECT * FROM "{name}"' for name in inspect(engine).get_table_names()]  # noqa: S608 -- names of ours
        for question in (*tables, "SELECT * FROM pg_stat_activity"):
            for row in connection.execute(text(question)).mappings():
                for column, value in row.items():
                    yield f"{question}: {column}", as_bytes(value)


def as_bytes(value: Any) -> bytes:
    """What a value of a row says, bytes as they are."""
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return value.encode(errors="replace")
    return json.dumps(value, default=str, ensure_ascii=False).encode(errors="replace")


def of_redis(redis: Any) -> Iterator[tuple[str, bytes]]:
    """Every key and every value."""
    for key in redis.scan_iter():
        yield "the name of a key of Redis", key
        for part in _parts(redis, key):
            yield f"Redis {key!r}", part
            yield f"Redis {key!r}, unpacked", _unpacked(part)


def _parts(redis: Any, key: bytes) -> list[bytes]:
    kind = redis.type(key).decode()
    if kind == "hash":
        return [part for pair in redis.hgetall(key).items() for part in pair]
    if kind == "list":
        return list(redis.lrange(key, 0, -1))
    if kind == "set":
        return list(redis.smembers(key))
    if kind == "zset":
        return list(redis.zrange(key, 0, -1))
    return [redis.get(key) or b""]


def _unpacked(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def of_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, logs among them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size < _LARGEST_FILE:
            yield path.name, path.read_bytes()


def of_process_titles() -> Iterator[tuple[str, bytes]]:
    """What `ps` shows of every process."""
    for path in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "comm"):
            try:
                yield f"{path.name}/{name}", (path / name).read_bytes()
            except OSError:  # it has just ended
                continue
