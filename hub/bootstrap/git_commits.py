"""Files of the project as a commit of its Git repository, in the name of a person.

Git is asked as a program, without a shell. No hook of the repository runs, nothing is signed, and
what others have staged stays as it is.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from hub.errors import NotPossible

_WITHIN = 15.0  # seconds
_ALWAYS = (
    "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.fsmonitor=false",
    "-c", "gc.auto=0", "-c", "core.quotePath=false",
)  # fmt: skip
_KEPT = ("PATH", "HOME", "XDG_CONFIG_HOME", "SYSTEMROOT")
_COMMITTER = "Webhook Hub"


class Repository:
    """The repository that a folder belongs to; raises `NotPossible` where it belongs to none."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        program = shutil.which("git", path=environment.get("PATH"))
        if program is None:
            raise NotPossible("there is no git on this host")
        self._program, self._folder = program, folder
        self._environment = {
            **{name: environment[name] for name in _KEPT if name in environment},
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C.UTF-8",
        }
        self._git("rev-parse", "--show-toplevel")

    def is_committed(self, *paths: Path) -> bool:
        """Whether the last commit has these files as they lie there."""
        return not self._git("status", "--porcelain", "--", *map(str, paths))

    def commit(self, *paths: Path, author: str, message: str) -> str:
        """Commit these files alone; the short name of the commit. Raises `NotPossible`.

        `author` is an e-mail address; its part before the @ is the name.
        """
        if self.is_committed(*paths):
            raise NotPossible("the last commit has the file as it is: there is nothing to commit")
        self._git("add", "--", *map(str, paths))
        name = author.partition("@")[0] or author
        self._git(
            "-c", f"user.name={_COMMITTER}",
            "-c", f"user.email={author}",
            "commit", "--quiet", "--only", "--no-verify",
            f"--author={_plain(name)} <{_plain(author)}>",
            f"--message={message}",
            "--", *map(str, paths),
        )  # fmt: skip
        return self._git("rev-parse", "--short", "HEAD").strip()

    def _git(self, *words: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and a path behind `--`
                [self._program, *_ALWAYS, *words],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_WITHIN,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise NotPossible(f"git does not answer: {type(problem).__name__}") from problem
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["git refused"]
            raise NotPossible(f"git: {said[0][:300]}")
        return done.stdout.decode("utf-8", "replace")


def _plain(text: str) -> str:
    return "".join(each for each in text if each not in "<>\n\r")
