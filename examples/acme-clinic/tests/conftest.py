from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def clinic() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("clinic", Path(__file__).with_name("clinic.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.FakeClinic() as fake:
        yield fake
