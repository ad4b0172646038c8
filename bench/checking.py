"""`make bench-check`: how long `hub check` takes for many files, cold and after one change.

The files are the shipped ones, with their tests, under varied names. Each measurement is a process
of its own, with Python's start; the figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.processes import ROOT

COLD_WITHIN, AGAIN_WITHIN = 10.0, 0.5  # seconds, for 1,000 files
_SLOWER = "PYTHONDONTWRITEBYTECODE"  # with it Python compiles the hub itself each time
_OLD_ENOUGH = 1.1  # seconds until a file is believed by its time stamp


def write_project(folder: Path, number: int) -> list[Path]:
    """So many files, half of them workflows and half their tests: copies of the shipped ones.

    The copies call and test each other. Gives back the workflows.
    """
    for name in ("schemas", "templates"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "hub.yaml", folder / "hub.yaml")
    (folder / "workflows" / "tests").mkdir(parents=True)
    shipped = sorted((ROOT / "workflows").glob("*.yaml"))
    renamed = re.compile(rf"\b(call|workflow): ({'|'.join(each.stem for each in shipped)})(?=\s)")
    written = []
    for place in range(number // 2):
        copy, original = place // len(shipped), shipped[place % len(shipped)]
        name = f"{original.stem}-{copy}.yaml"
        for kind in ("workflows", "workflows/tests"):
            text = (ROOT / kind / original.name).read_text("utf-8")
            text = renamed.sub(rf"\1: \2-{copy}", text)
            text = re.sub(r"^( +path: )/", rf"\1/{copy}/", text, flags=re.MULTILINE)
            (folder / kind / name).write_text(text, "utf-8")
        written.append(folder / "workflows" / name)
    return written


def seconds(folder: Path) -> float:
    """How long one `hub check` takes; it must find nothing."""
    environment = {name: each for name, each in os.environ.items() if name != _SLOWER}
    began = time.perf_counter()
    checked = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "hub", "--project", str(folder), "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if checked.returncode != 0:
        raise SystemExit(f"this is no measurement:\n{checked.stdout[-2000:]}{checked.stderr}")
    return took


def measured(folder: Path, rounds: int, before: Callable[[int], object]) -> float:
    """The median of several rounds; `before` prepares each."""
    found = []
    for each in range(rounds):
        before(each)
        found.append(seconds(folder))
    return median(found)


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as made:
        folder = Path(made) / "project"
        files = write_project(folder, options.files)

        def forget(_: int) -> None:
            shutil.rmtree(folder / ".hub", ignore_errors=True)

        def change(file: Path) -> None:
            with file.open("a", encoding="utf-8") as text:
                text.write("# changed\n")

        def change_workflow(place: int) -> None:
            change(files[place * 37 % len(files)])

        def change_test(place: int) -> None:
            file = files[place * 37 % len(files)]
            change(file.parent / "tests" / file.name)

        cold = measured(folder, options.rounds, forget)
        time.sleep(_OLD_ENOUGH)
        seconds(folder)
        workflow = measured(folder, 3 * options.rounds, change_workflow)
        test = measured(folder, 3 * options.rounds, change_test)
    figures = {
        "files": 2 * len(files),
        "load": round(os.getloadavg()[0], 1),
        "cold s": cold,
        "after a change in a workflow s": workflow,
        "after a change in a test s": test,
    }
    print(f"{platform.platform()}, Python {platform.python_version()}")
    print("hub check" + "".join(f"  {name} {value:g}" for name, value in _rounded(figures)))
    for what, took, most in (
        ("cold", cold, COLD_WITHIN),
        ("after a change in a workflow", workflow, AGAIN_WITHIN),
        ("after a change in a test", test, AGAIN_WITHIN),
    ):
        print(
            f"  {'met   ' if took <= most else 'missed'}  {what} in at most {most:g} s: {took:.2f}"
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _rounded(figures: dict[str, float]) -> list[tuple[str, float]]:
    return [(name, round(value, 2)) for name, value in figures.items()]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-check")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
