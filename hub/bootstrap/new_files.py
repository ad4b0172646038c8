"""New files of a project: all of them or none, without mistakes, and over nothing that is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hub.bootstrap.project import LoadedProject, ProjectReader
from hub.editing.beginning.drafts import Draft
from hub.engine.findings import render_text
from hub.errors import NotPossible


def write_all(folder: Path, drafts: Sequence[Draft]) -> list[str]:
    """The paths that were written. Raises `NotPossible` when one is there, or cannot be written."""
    refuse_present(folder, drafts)
    written: list[Path] = []
    try:
        for draft in drafts:
            path = folder / draft.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                written.append(path)
                file.write(draft.text)
    except OSError as problem:
        for path in written:
            path.unlink(missing_ok=True)
        raise NotPossible(
            f"{problem.filename or folder} cannot be written: {problem.strerror}"
        ) from problem
    return [draft.path for draft in drafts]


def refuse_present(folder: Path, drafts: Iterable[Draft]) -> None:
    """Raises `NotPossible` when one of the files is there already."""
    present = [each.path for each in drafts if (folder / each.path).exists()]
    if present:
        raise NotPossible(
            f"{' and '.join(present)} {'is' if len(present) == 1 else 'are'} there already:"
            " nothing is written over. Choose another name"
        )


def refuse_mistakes(
    loaded: LoadedProject, drafts: Sequence[Draft], reader: ProjectReader
) -> LoadedProject:
    """The project as it would be with these files; `loaded` is how it is.

    Raises `NotPossible` when it would have mistakes that it does not have now.
    """
    refuse_present(loaded.folder, drafts)
    new_files = {each.path: each.text for each in drafts}
    then = reader.load({**loaded.files, **new_files})
    known = {(each.file, each.code, each.message) for each in loaded.project.errors}
    found = [
        each for each in then.project.errors if (each.file, each.code, each.message) not in known
    ]
    if found:
        raise NotPossible(
            f"nothing is written, it would be wrong:\n{render_text(found, then.files)}"
        )
    return then
