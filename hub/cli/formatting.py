"""`hub fmt`: workflow files in the canonical format, with their comments."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from hub.bootstrap.replacing import replace_text
from hub.cli.console import complain, say
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.editing import Formatted, canonical
from hub.engine.findings import render_text
from hub.engine.settings import PROJECT_FILE

_FOLDERS = ("workflows", "workflows/tests")
_LARGEST = 1024 * 1024


@dataclass(frozen=True)
class _File:
    path: Path
    shown: str
    text: str
    formatted: Formatted

    @property
    def is_canonical(self) -> bool:
        return self.formatted.text == self.text


@example("hub fmt", "hub fmt --check", "hub fmt --diff workflows/appointment-outcome.yaml")
@click.command("fmt")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; name the files.")
@click.option("--diff", "with_diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Write nothing; print the new text.")
@pass_environment
def fmt(
    environment: Environment,
    *,
    paths: tuple[Path, ...],
    only_check: bool,
    with_diff: bool,
    to_stdout: bool,
) -> None:
    """Write hub.yaml, workflows and their tests in the one canonical format.

    PATHS are files and folders; without them it is the whole project. Comments stay, and no file
    changes its meaning. Exits with 1 when a file cannot be read, with --check also when one is not
    in the format.
    """
    if to_stdout + with_diff + only_check > 1:
        raise click.UsageError("--check, --diff and --stdout do different things: choose one")
    folder = environment.stated.project
    files = [_read(folder, path) for path in _chosen(folder, paths)]
    if not files:
        complain("hub: there are no files to format here")
        raise click.exceptions.Exit(1)
    for file in files:
        if file.formatted.text is None:
            complain(render_text(file.formatted.findings, {file.shown: file.text}))
    readable = [file for file in files if file.formatted.text is not None]
    changed = [file for file in readable if not file.is_canonical]
    _show(readable, changed, only_check=only_check, with_diff=with_diff, to_stdout=to_stdout)
    if len(readable) < len(files) or (only_check and changed):
        raise click.exceptions.Exit(1)


def _show(
    readable: list[_File],
    changed: list[_File],
    *,
    only_check: bool,
    with_diff: bool,
    to_stdout: bool,
) -> None:
    if to_stdout:
        for file in readable:
            click.echo(file.formatted.text, nl=False)
        return
    for file in changed:
        if with_diff:
            click.echo("".join(_diff(file)), nl=False)
        elif only_check:
            say(f"{file.shown} is not in canonical format: run `hub fmt {file.shown}`")
        else:
            replace_text(file.path, before=file.text, after=file.formatted.text or "")
            say(f"{file.shown} formatted")
    if readable and not with_diff:
        say(_summary(len(readable), len(changed), is_done=not only_check))


def _summary(files: int, changed: int, *, is_done: bool) -> str:
    told = f"{files} file" if files == 1 else f"{files} files"
    if not changed:
        return f"{told}, all in canonical format"
    return f"{told}, {changed} {'formatted' if is_done else 'to format'}"


def _diff(file: _File) -> Iterator[str]:
    before = file.text.splitlines(keepends=True)
    after = (file.formatted.text or "").splitlines(keepends=True)
    for line in difflib.unified_diff(before, after, file.shown, f"{file.shown} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _chosen(folder: Path, paths: Iterable[Path]) -> list[Path]:
    """The files that are meant, each once."""
    named = list(paths)
    if not named:
        named = [folder / PROJECT_FILE, *(folder / each for each in _FOLDERS)]
    found: dict[Path, None] = {}
    for path in named:
        files = _below(path) if path.is_dir() else [path] if path.is_file() else []
        found.update(dict.fromkeys(files))
    return list(found)


def _below(folder: Path) -> list[Path]:
    """The workflow files of a folder and of its folder `tests`; of a project's all of them."""
    if (folder / PROJECT_FILE).is_file():
        return [folder / PROJECT_FILE, *(file for each in _FOLDERS for file in _in(folder / each))]
    return [*_in(folder), *_in(folder / "tests")]


def _in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.yaml") if path.is_file())


def _read(folder: Path, path: Path) -> _File:
    with path.open("rb") as file:
        content = file.read(_LARGEST)
    place, root = path.resolve(), folder.resolve()
    inside = place.relative_to(root) if place.is_relative_to(root) else place
    shown = inside.as_posix()
    text = content.decode("utf-8", "surrogateescape")
    return _File(path, shown, text, canonical(shown, content))
