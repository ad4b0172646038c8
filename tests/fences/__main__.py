"""`make fences`: take each fence out of a copy of the tree; a proof that still passes is told."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fakes.servers import Servers, open_servers
from tests.fences.plan import Fence, taken_out
from tests.fences.table import FENCES

ROOT = Path(__file__).parents[2]
_COPIED = (
    "hub",
    "tests",
    "workflows",
    "schemas",
    "templates",
    "docs",
    "hub.yaml",
    "pyproject.toml",
)
_WITHIN = 60  # seconds for one test
_FAILED = 1
_TRIES = 2
_NAME = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


def main() -> int:
    """1 when a fence can be taken out unnoticed, or its text is not found."""
    options = _options()
    part, parts = map(int, options.part.split("/"))
    wanted = [each for each in FENCES if not options.name or each.name in options.name]
    fences = wanted[part - 1 :: parts]
    survivors = []
    with open_servers(os.environ) as servers, tempfile.TemporaryDirectory() as folder:
        proofs = Proofs(copied_tree(Path(folder)), servers)
        for number, fence in enumerate(fences, start=1):
            began = time.monotonic()
            failed = proofs.that_fails_without(fence)
            told = failed or "NOBODY NOTICES"
            seconds = time.monotonic() - began
            print(f"{number:3} {fence.clause:4} {fence.name}: {told} ({seconds:.0f} s)", flush=True)
            if failed is None:
                survivors.append(fence)
    print(f"\n{len(fences)} fences taken out, {len(survivors)} unnoticed")
    for fence in survivors:
        print(f"  {fence.clause} {fence.name} ({fence.file})")
    return 1 if survivors else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fences")
    parser.add_argument("--name", action="append", help="only this fence")
    parser.add_argument("--part", default="1/1", help="2/4: the second of four parts")
    return parser.parse_args()


def copied_tree(folder: Path) -> Path:
    """What the tests need of the tree, to be damaged."""
    tree = folder / "tree"
    tree.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    return tree


class Proofs:
    """The tests of a copied tree, with a fence and without it."""

    def __init__(self, tree: Path, servers: Servers) -> None:
        self._tree = tree
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tree),
            "PYTHONPATH": str(tree),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HUB_TEST_DATABASE_URL": servers.database_url,
            "HUB_TEST_REDIS_URL": servers.redis_url,
        }

    def that_fails_without(self, fence: Fence) -> str | None:
        """The first proof that fails without the fence and holds with it; None: there is none.

        Raises ValueError when the text of the fence is not found, RuntimeError when the tests
        cannot be run.
        """
        file = self._tree / fence.file
        whole = file.read_text("utf-8")
        file.write_text(taken_out(fence, whole), "utf-8")
        try:
            failed = self._first_failure(*fence.proofs)
        finally:
            file.write_text(whole, "utf-8")
        if failed is not None and all(self._first_failure(failed) for _ in range(_TRIES)):
            print(f"    {failed} fails with the fence as well: it proves nothing", flush=True)
            return None
        return failed

    def _first_failure(self, *tests: str) -> str | None:
        options = ("-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=no")
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"--timeout={_WITHIN}", *tests],
            cwd=self._tree,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode == 0:
            return None
        found = _NAME.search(ran.stdout)
        if ran.returncode != _FAILED or found is None:
            raise RuntimeError(f"the proofs cannot be run\n{ran.stdout}{ran.stderr}")
        return found.group(1)


if __name__ == "__main__":
    raise SystemExit(main())
