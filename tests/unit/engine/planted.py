"""One mistake planted into a clean project: « » mark the place where it must be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.engine.findings import Finding

FOLLOWS = {"HUB110": "HUB214", "HUB208": "HUB210", "HUB217": "HUB201"}
"""A preset that cannot be read is missed by its endpoints; a renamed item by the body of the loop;
what a condition should have ruled out is still there when it asks for the wrong text."""


def planted(files: Mapping[str, str], path: str, old: str, new: str) -> dict[str, str]:
    """The files with one text replaced, which must stand there exactly once."""
    assert files[path].count(old) == 1, f"{old!r} stands {files[path].count(old)} times"
    return {**files, path: files[path].replace(old, new)}


def unmarked(text: str) -> str:
    """The text as it stands in the file."""
    return text.replace("«", "").replace("»", "")


def expected_place(marked: str) -> tuple[int, int, int] | None:
    """Line, column and end column of what stands between the marks."""
    start = marked.find("«")
    if start < 0:
        return None
    column = start - marked.rfind("\n", 0, start)
    return marked.count("\n", 0, start) + 1, column, column + marked.index("»") - start - 1


def is_follow_up(finding: Finding, code: str) -> bool:
    """Whether it tells of the same mistake from another place."""
    return "has errors of its own" in finding.message or finding.code == FOLLOWS.get(code)


def check_planted(
    mistake: tuple[str, str, str, str],
    files: Mapping[str, str],
    findings: Callable[[dict[str, str]], list[Finding]],
) -> Finding:
    """The one finding on a planted mistake: its code, at its place, and no others."""
    code, path, old, new = mistake
    marked = planted(files, path, old, new)
    place = expected_place(marked[path])

    told = findings({**marked, path: unmarked(marked[path])})

    mine = [
        finding
        for finding in told
        if (finding.code, finding.file) == (code, path)
        and place in {None, (finding.line, finding.column, finding.end_column)}
    ]
    others = [finding for finding in told if finding not in mine]
    assert mine, "\n".join(map(str, told))
    assert all(is_follow_up(finding, code) for finding in others), "\n".join(map(str, others))
    return mine[0]
