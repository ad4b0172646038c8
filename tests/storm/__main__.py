"""`make storm`: blow, reconcile, report; ends with 1 when any promise was broken."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.storm import report
from tests.storm.plan import FAULTS, plan
from tests.storm.storm import blow


def main() -> int:
    """What the command line asks for; the exit code."""
    options = _options()
    kinds = list(FAULTS) if options.servers == "both" else [options.servers]
    broken = 0
    for servers in kinds:
        say = (
            f"seed {options.seed}, {servers}: {options.webhooks} webhooks, {options.faults} faults"
        )
        sys.stdout.write(f"{say}\n")
        sys.stdout.flush()
        folder = Path(tempfile.mkdtemp(prefix=f"hub-storm-{options.seed}-"))
        folder.chmod(0o755)  # the servers run as an unprivileged account when we are root
        storm = plan(
            options.seed, webhooks=options.webhooks, faults=options.faults, servers=servers
        )
        result = blow(storm, folder)
        (folder / "faults.txt").write_text(report.timeline(result))
        sys.stdout.write(f"{report.told(result)}\n")
        if result.violations:
            sys.stdout.write(f"  logs            {folder}\n")
        else:
            shutil.rmtree(folder)
        sys.stdout.flush()
        if options.report is not None:
            report.write(options.report, result)
        broken += len(result.violations)
    return 1 if broken else 0


def _number(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same storm")
    parser.add_argument("--webhooks", type=_number, default=1000)
    parser.add_argument("--faults", type=_number, default=20)
    parser.add_argument("--servers", choices=[*FAULTS, "both"], default="both")
    parser.add_argument("--report", type=Path, help="put a row into this page (docs/storms.md)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
