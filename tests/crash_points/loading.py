"""Imports `hub` with a probe at each crash point; for processes under test only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from tests.crash_points.sites import instrumented


class _WithProbes(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        """Compiled anew: what is cached has no probes."""
        path = self.get_filename(fullname)
        source = self.get_data(path).decode("utf-8")
        code: CodeType = compile(instrumented(source, fullname), path, "exec", dont_inherit=True)
        return code


class _Finder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != "hub":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _WithProbes(fullname, spec.loader.path)
        return spec


def instrument_hub() -> None:
    """From now on modules of `hub` come with probes."""
    if any(name.partition(".")[0] == "hub" for name in sys.modules):
        raise RuntimeError("hub was imported before its probes")
    sys.meta_path.insert(0, _Finder())
