"""`Settings`: what the environment says, read once. docs/configuration.md lists every name.

Values that workflows read as `config.<name>` and secrets are declared in `hub.yaml`; their values
come from the same environment, which `Settings.environment` keeps without ever showing it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from hub.errors import Misconfigured

Value = TypeVar("Value")


@dataclass(frozen=True)
class Variable:
    """One environment variable of the hub itself, for the documentation and `hub doctor`."""

    name: str
    meaning: str
    default: str = ""
    is_secret: bool = False


VARIABLES = (
    Variable("HUB_DATABASE_URL", "PostgreSQL 15 or later; empty: `hub dev` starts its own"),
    Variable("HUB_REDIS_URL", "Redis or Valkey; empty: `hub dev` starts its own"),
    Variable("HUB_PROJECT", "the folder with hub.yaml, workflows/ and schemas/", "."),
    Variable(
        "HUB_STATE_DIR", "local state of `hub dev`; what `hub check` remembers", "<project>/.hub"
    ),
    Variable("HUB_HOST", "the address `hub web` binds", "127.0.0.1 (0.0.0.0 when PORT is set)"),
    Variable("HUB_PORT", "the port `hub web` binds; PORT counts too", "8000"),
    Variable("HUB_PUBLIC_URL", "how callers reach the hub; links are built from it (S21)"),
    Variable("HUB_ENCRYPTION_KEY", "seals stored secrets; see `hub key`", is_secret=True),
    Variable("HUB_WEB_PROCESSES", "web processes", "2"),
    Variable("HUB_WEB_CONNECTIONS", "database connections of one web process", "10"),
    Variable("HUB_WORKER_RUNS", "runs that one worker works on at once", "16"),
    Variable("HUB_LEASE_SECONDS", "after so long the runs of a silent worker go to others", "30"),
    Variable("HUB_MOST_WAITING", "queued runs above which requests get 503", "100000"),
    Variable("HUB_MOST_STREAMS", "event streams that one web process keeps open", "500"),
    Variable("HUB_LOG_LEVEL", "debug, info, warning or error", "info"),
    Variable("HUB_UNSAFE_DURABILITY", "1 starts on a database that may lose commits (I2)"),
    Variable("HUB_TRUSTED_PROXIES", "how many proxies set X-Forwarded-For (S21)", "0"),
    Variable(
        "HUB_METRICS_TOKEN",
        "16 visible ASCII characters or more; who sends it as bearer token may read `/metrics`;"
        " empty: the web has no such page",
        is_secret=True,
    ),
    Variable("HUB_METRICS_PORT", "a port of `hub worker` for `/metrics` alone; empty: none"),
    Variable(
        "HUB_METRICS_HOST",
        "the address of that port; beyond loopback only with the token",
        "127.0.0.1",
    ),
    Variable(
        "HUB_METRICS_DIR",
        "where the processes of a machine keep their figures",
        "<HUB_STATE_DIR>/metrics",
    ),
    Variable("HUB_BROWSER_SEATS", "browsers at once, of all browser workers together", "5"),
    Variable("HUB_BROWSER_PROGRAM", "the Chromium that `hub browser-worker` drives", "chromium"),
    Variable("HUB_BROWSER_PATIENCE", "seconds that a booking page may take for one step", "20"),
    Variable(
        "HUB_BROWSER_SANDBOX", "`off`: Chromium without its sandbox", "on; off for the account root"
    ),
    Variable(
        "HUB_MOCK_CLINIC",
        "the mock page of `hub demo session`, opened in every mode",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "a collector that takes spans by HTTP; needs the extra `otel`; empty: no traces",
    ),
)

_LOG_LEVELS = ("debug", "info", "warning", "error")
_BOTH = 65_535
_SHORTEST_TOKEN = 16
_VISIBLE = re.compile(r"[\x21-\x7e]+", re.ASCII)


@dataclass(frozen=True)
class Settings:
    """The settings of one process. `environment` also holds values of `config` and secrets."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    project: Path
    state_dir: Path
    host: str
    port: int
    public_url: str
    encryption_key: str = field(repr=False)
    web_processes: int
    web_connections: int
    worker_runs: int
    lease: timedelta
    most_waiting: int
    most_streams: int
    log_level: str
    allows_unsafe_durability: bool
    trusted_proxies: int
    metrics_token: str = field(repr=False)
    metrics_host: str
    metrics_port: int | None
    metrics_dir: Path
    browser_seats: int
    browser_program: str
    browser_patience: int
    browser_sandbox: bool
    mock_clinic: str | None
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, *, project: Path | None = None
    ) -> Settings:
        """Read the environment; raises `Misconfigured` naming the variable and what to set."""
        given = dict(os.environ if environ is None else environ)
        folder = (project or Path(given.get("HUB_PROJECT") or ".")).resolve()
        port = _number(given, "HUB_PORT", _number(given, "PORT", 8000, most=_BOTH), most=_BOTH)
        state_dir = Path(given.get("HUB_STATE_DIR") or folder / ".hub").resolve()
        return cls(
            database_url=given.get("HUB_DATABASE_URL", ""),
            redis_url=given.get("HUB_REDIS_URL", ""),
            project=folder,
            state_dir=state_dir,
            host=given.get("HUB_HOST") or ("0.0.0.0" if given.get("PORT") else "127.0.0.1"),  # noqa: S104
            port=port,
            public_url=(given.get("HUB_PUBLIC_URL") or f"http://127.0.0.1:{port}").rstrip("/"),
            encryption_key=given.get("HUB_ENCRYPTION_KEY", ""),
            web_processes=_number(given, "HUB_WEB_PROCESSES", 2, least=1, most=64),
            web_connections=_number(given, "HUB_WEB_CONNECTIONS", 10, least=1, most=500),
            worker_runs=_number(given, "HUB_WORKER_RUNS", 16, least=1, most=200),
            lease=timedelta(seconds=_number(given, "HUB_LEASE_SECONDS", 30, least=5, most=3600)),
            most_waiting=_number(given, "HUB_MOST_WAITING", 100_000, least=1),
            most_streams=_number(given, "HUB_MOST_STREAMS", 500, least=1, most=1_500),
            log_level=_choice(given, "HUB_LOG_LEVEL", _LOG_LEVELS, "info"),
            allows_unsafe_durability=given.get("HUB_UNSAFE_DURABILITY") == "1",
            trusted_proxies=_number(given, "HUB_TRUSTED_PROXIES", 0, most=10),
            **_metrics(given, state_dir),
            **_browsers(given),
            environment=given,
        )


def _metrics(given: Mapping[str, str], state_dir: Path) -> dict[str, Any]:
    """Who may read the figures; raises `Misconfigured` for what would let anybody do so."""
    token, host = given.get("HUB_METRICS_TOKEN", ""), given.get("HUB_METRICS_HOST") or "127.0.0.1"
    if token and (len(token) < _SHORTEST_TOKEN or not _VISIBLE.fullmatch(token)):
        raise Misconfigured(
            f"Set HUB_METRICS_TOKEN to at least {_SHORTEST_TOKEN} visible ASCII characters"
        )
    if not token and host not in {"127.0.0.1", "::1", "localhost"}:
        raise Misconfigured(
            f"Set HUB_METRICS_TOKEN too: HUB_METRICS_HOST is {host[:40]!r}, and others reach that"
        )
    return {
        "metrics_token": token,
        "metrics_host": host,
        "metrics_port": _number(given, "HUB_METRICS_PORT", 0, most=_BOTH) or None,
        "metrics_dir": Path(given.get("HUB_METRICS_DIR") or state_dir / "metrics").resolve(),
    }


def _browsers(given: Mapping[str, str]) -> dict[str, Any]:
    """How browsers are driven; raises `Misconfigured`."""
    usual = "off" if os.geteuid() == 0 else "on"  # Chromium refuses to have one for root
    mock = given.get("HUB_MOCK_CLINIC") or None
    if mock is not None and not mock.startswith("http://127.0.0.1:"):
        raise Misconfigured("Set HUB_MOCK_CLINIC to an origin such as http://127.0.0.1:8765")
    return {
        "browser_seats": _number(given, "HUB_BROWSER_SEATS", 5, least=1, most=100),
        "browser_program": given.get("HUB_BROWSER_PROGRAM") or "chromium",
        "browser_patience": _number(given, "HUB_BROWSER_PATIENCE", 20, least=1, most=300),
        "browser_sandbox": _choice(given, "HUB_BROWSER_SANDBOX", ("on", "off"), usual) == "on",
        "mock_clinic": mock,
    }


def own_secrets(environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """What the hub's own variables hold that nobody may see, by name, in every way to write it."""
    found: dict[str, tuple[str, ...]] = {}
    for own in (variable.name for variable in VARIABLES if variable.is_secret):
        found[own] = (environment.get(own, ""),)
    for name in ("HUB_DATABASE_URL", "HUB_REDIS_URL"):
        account, at, _ = environment.get(name, "").partition("://")[2].rpartition("@")
        password = account.partition(":")[2] if at else ""
        found[name] = (password, unquote(password))
    return {name: tuple(each for each in values if each) for name, values in found.items()}


def _number(
    given: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 10**9
) -> int:
    return _read(
        given,
        name,
        default,
        read=int,
        is_right=lambda value: least <= value <= most,
        wanted=f"a whole number ≥ {least}",
    )


def _choice(given: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    return _read(
        given,
        name,
        default,
        read=str.lower,
        is_right=values.__contains__,
        wanted=" or ".join(values),
    )


def _read(
    given: Mapping[str, str],
    name: str,
    default: Value,
    *,
    read: Callable[[str], Value],
    is_right: Callable[[Value], bool],
    wanted: str,
) -> Value:
    text = given.get(name)
    if not text:
        return default
    try:
        value = read(text)
    except ValueError:
        raise Misconfigured(f"Set {name} to {wanted}; it is {text[:40]!r}") from None
    if not is_right(value):
        raise Misconfigured(f"Set {name} to {wanted}; it is {text[:40]!r}")
    return value
