"""What proofs measured last: `pytest --figures` keeps it, docs/guarantees.md shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

KEPT = Path(__file__).parent / "figures.json"
TOLD = pytest.StashKey[dict[str, str]]()
HANDED = "figures"

Figure = Callable[[str, str], None]


def kept() -> dict[str, str]:
    """Clause, or clause and what of it (`P7 disk`) → the figure that was measured last."""
    return json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}


def of(clause: str) -> str:
    """All that was measured of a clause, for a cell of a table."""
    return "; ".join(told for key, told in kept().items() if key.split()[0] == clause)


def keep(told: dict[str, str]) -> None:
    """Write down new figures beside those of other clauses."""
    known = {**kept(), **told}
    KEPT.write_text(json.dumps(dict(sorted(known.items())), indent=2, ensure_ascii=False) + "\n")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--figures`: keep what this run measures."""
    parser.addoption("--figures", action="store_true", help="keep what the proofs measure")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing was told yet."""
    config.stash[TOLD] = {}


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the figures of a run whose proofs all held; a process of several hands its own on."""
    told = session.config.stash[TOLD]
    if (handed := getattr(session.config, "workeroutput", None)) is not None:
        handed[HANDED] = told
    elif session.config.getoption("figures") and exitstatus == pytest.ExitCode.OK:
        keep(told)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Take over what one of several processes measured (`pytest -n`)."""
    node.config.stash[TOLD].update(getattr(node, "workeroutput", {}).get(HANDED, {}))


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """`figure("I7", "64 at once: 1 run, 64 equal answers")`: what a proof of a clause measured.

    `figure("P7 disk", ...)` where a clause has several.
    """
    return request.config.stash[TOLD].__setitem__
