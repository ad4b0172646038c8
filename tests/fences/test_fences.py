"""The table of fences fits the source; `make fences` takes them out one by one."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.fences.plan import Fence, taken_out
from tests.fences.table import FENCES

ROOT = Path(__file__).parents[2]
_A_FENCE = Fence("a lock", "E4", "a.py", "FOR UPDATE", "", ("tests/unit",))


@pytest.mark.parametrize("fence", FENCES, ids=lambda fence: fence.name)
def test_P1_a_fence_stands_in_its_file_exactly_once_and_its_proofs_are_there(fence: Fence):
    without = taken_out(fence, (ROOT / fence.file).read_text("utf-8"))

    ast.parse(without)
    assert fence.proofs
    assert [proof for proof in fence.proofs if not (ROOT / proof.partition("::")[0]).exists()] == []


def test_P1_each_fence_has_a_name_of_its_own():
    assert [name for name, n in Counter(each.name for each in FENCES).items() if n > 1] == []


def test_P1_a_fence_that_is_not_found_exactly_once_is_an_error():
    assert taken_out(_A_FENCE, "SELECT x FOR UPDATE") == "SELECT x "
    with pytest.raises(ValueError, match="stands 0 times in"):
        taken_out(_A_FENCE, "SELECT x")
    with pytest.raises(ValueError, match="stands 2 times"):
        taken_out(_A_FENCE, "FOR UPDATE FOR UPDATE")
