"""Figures of proofs are kept, whichever process measured them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import figures

MEASURED = """
    def test_E1_one(figure):
        figure("E1", "one")

    def test_E2_two(figure):
        figure("E2", "two")
        assert {holds}
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kept.json"
    file.write_text('{"E3": "of an earlier run"}')
    monkeypatch.setattr(figures, "KEPT", file)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    return file


def test_figures_of_several_processes_are_kept_beside_earlier_ones(
    pytester: pytest.Pytester, kept: Path
):
    pytester.makepyfile(MEASURED.format(holds=True))

    pytester.runpytest_inprocess("-p", "tests.figures", "-n", "2", "--figures")

    assert json.loads(kept.read_text()) == {"E1": "one", "E2": "two", "E3": "of an earlier run"}


def test_nothing_is_kept_of_a_run_in_which_a_proof_failed(pytester: pytest.Pytester, kept: Path):
    pytester.makepyfile(MEASURED.format(holds=False))

    pytester.runpytest_inprocess("-p", "tests.figures", "--figures")

    assert json.loads(kept.read_text()) == {"E3": "of an earlier run"}
