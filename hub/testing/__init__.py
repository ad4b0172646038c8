"""`hub test`: workflows tried without a network, on a fake clock (language, chapter 14).

For programs: `run_project(folder)` and `run_file(path)` give a `Report` of `Verdict`s, and
`check_trials(project)` the mistakes in the files of tests. docs/testing.md tells how tests are
written; with pytest they are collected from `workflows/tests` by themselves.

reading.py   a file of tests → what it says, or what is wrong with it
stage.py     an in-memory hub on a fake clock, on which one test is played
judging.py   what happened → what is not as expected
running.py   all tests of a project

The names are imported when they are first asked for: `hub check` reads files of tests, plays none
and needs no database.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.testing.reading import check_trials
    from hub.testing.running import Report, run_file, run_project
    from hub.testing.trying import Problem, Verdict

_HOMES = {
    "Problem": "hub.testing.trying",
    "Report": "hub.testing.running",
    "Verdict": "hub.testing.trying",
    "check_trials": "hub.testing.reading",
    "run_file": "hub.testing.running",
    "run_project": "hub.testing.running",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)


__all__ = ["Problem", "Report", "Verdict", "check_trials", "run_file", "run_project"]
