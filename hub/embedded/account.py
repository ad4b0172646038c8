"""Who the embedded servers run as, and which directories that account can use.

PostgreSQL refuses to run as root. Started by root, both servers run as `nobody`; started by
anybody else they run as that account.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED = "nobody"
SHARED_HOMES = Path("/var/lib/webhook-hub")
COMMAND_SECONDS = 180

# A socket's whole path holds about 100 bytes, and it stands in a URL and in a server's options.
SHORT_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./-]{0,59}")


@dataclass(frozen=True)
class Account:
    """A user and group of the system. `switch`: programs must change to it first (we are root)."""

    uid: int
    gid: int
    switch: bool

    def run(
        self, command: Sequence[str | Path], *, cwd: Path, pg_data: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one program of the servers as this account, with nothing of our environment."""
        environment = {"LC_ALL": "C", "PATH": os.defpath}
        if pg_data:
            environment["PGDATA"] = str(pg_data)
        return subprocess.run(  # noqa: S603 -- a fixed program with arguments of our own
            [str(part) for part in command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=COMMAND_SECONDS,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def make_private(self, directory: Path) -> Path:
        """A directory that this account alone may enter (and root)."""
        directory.mkdir(mode=0o700, exist_ok=True)
        if self.switch:
            os.chown(directory, self.uid, self.gid)
        return directory

    def owns_private(self, directory: Path) -> bool:
        """Whether `directory` is what `make_private` left, and not something put in its place."""
        try:
            found = directory.lstat()
        except OSError:
            return False
        is_private = stat.S_IMODE(found.st_mode) & 0o077 == 0
        return stat.S_ISDIR(found.st_mode) and found.st_uid == self.uid and is_private

    def may_enter(self, directory: Path) -> bool:
        """Whether this account may pass through `directory` and all its parents."""
        return all(self._may_pass(part) for part in (directory, *directory.parents))

    def _may_pass(self, directory: Path) -> bool:
        found = directory.stat()
        if found.st_uid == self.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == self.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        return bool(found.st_mode & needed)


def account_for(data: Path) -> Account | None:
    """The account whose servers work on `data`; None where this process may not use it."""
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        ours = Account(os.geteuid(), os.getegid(), switch=False)
        return ours if owner is None or owner.st_uid == ours.uid else None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, switch=True)
    try:
        nobody = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        return None
    return Account(nobody.pw_uid, nobody.pw_gid, switch=True)


def home_for(account: Account, state_dir: Path) -> Path:
    """Where the servers' data may lie: in the state directory, if `account` can get there.

    A state directory below a closed one (`/root`) gets a home of its own under /var/lib. Raises
    OSError where that cannot be made.
    """
    if not account.switch:
        return state_dir
    if account.may_enter(state_dir.parent):
        state_dir.chmod(stat.S_IMODE(state_dir.stat().st_mode) | stat.S_IXOTH)
        return state_dir
    SHARED_HOMES.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="hub-", dir=SHARED_HOMES))
    home.chmod(0o711)
    return home


def socket_directory(account: Account) -> Path | None:
    """A new private directory with a short path; None where there is no place for one."""
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 -- mkdtemp is private
        if SHORT_PLAIN_PATH.fullmatch(str(parent)) and account.may_enter(parent.resolve()):
            return account.make_private(Path(tempfile.mkdtemp(prefix="hub-", dir=parent)))
    return None
