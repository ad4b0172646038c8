"""`hub test`: workflows tried without a network, on a fake clock (language, chapter 14).

For programs: `run_project(folder)` and `run_file(path)` give a `Report` of `Verdict`s, and
`check_trials(project)` the mistakes in the files of tests. docs/testing.md tells how tests are
written; with pytest they are collected from `workflows/tests` by themselves.

reading.py   a file of tests → what it says, or what is wrong with it
stage.py     an in-memory hub on a fake clock, on which one test is played
judging.py   what happened → what is not as expected
running.py   all tests of a project
"""

from hub.testing.reading import check_trials
from hub.testing.running import Report, run_file, run_project
from hub.testing.trying import Problem, Verdict

__all__ = ["Problem", "Report", "Verdict", "check_trials", "run_file", "run_project"]
