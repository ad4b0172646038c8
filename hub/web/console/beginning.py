"""A new workflow: its first files, or a copy of one that is there, as `hub new` writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request

from hub.bootstrap.project import LoadedProject
from hub.bootstrap.saving import begin, can_begin
from hub.editing.beginning.copying import copies_of, source_of
from hub.editing.beginning.drafts import (
    KINDS,
    PUBLIC,
    WHAT_STARTS_IT,
    WITH_CALLER,
    Draft,
    Wanted,
    check_name,
    check_title,
    drafts_of,
    event_of,
    preset_of,
    title_of,
)
from hub.errors import NotPossible
from hub.people.roles import Deed
from hub.web.console.app import Console, field
from hub.web.console.commits import Commit, repository_of
from hub.web.console.drafts import Drafts

PAGE = "/admin/workflows/+new"  # the + is no part of a workflow's name
_REFUSED = 422

Saved = Callable[[str, Commit | None], Response]


@dataclass(frozen=True)
class Asked:
    """What the form says; what does not belong to the kind is not looked at."""

    name: str = ""
    title: str = ""
    kind: str = KINDS[0]
    preset: str = ""
    event: str = ""
    source: str = ""

    @classmethod
    def of_form(cls) -> Asked:
        """As it was sent."""
        said = {name: field(name).strip() for name in cls.__dataclass_fields__}
        return cls(**{name: value for name, value in said.items() if value})

    def drafts(self, loaded: LoadedProject) -> list[Draft]:
        """The first files. Raises `NotPossible` with what is wrong with the form."""
        check_name(self.name)
        title = self.title or title_of(self.name)
        check_title(title)
        project = loaded.project
        if self.source:
            found = source_of(self.source, project.workflows, project.broken)
            base_path = project.settings.base_path
            return copies_of(found, self.name, title, loaded.files, base_path=base_path)
        if self.kind not in KINDS:
            raise NotPossible(f"nothing starts a workflow of kind {self.kind!r}")
        presets = {each.name: each.type for each in project.settings.auth.values()}
        has_caller = self.kind in WITH_CALLER
        preset = preset_of(self.kind, self.preset or None, presets) if has_caller else PUBLIC
        event = event_of(self.name, self.event or None) if self.kind == "event" else ""
        return drafts_of(Wanted(self.name, self.kind, title, preset, event))


class Beginning:
    """The page at `/admin/workflows/+new`."""

    def __init__(self, app: Console, drafts: Drafts, saved: Saved) -> None:
        self._app, self._drafts, self._saved = app, drafts, saved
        app.page(PAGE, Deed.EDIT_WORKFLOWS)(self.page)
        app.page(PAGE, Deed.EDIT_WORKFLOWS, methods=("POST",))(self.begin)

    def page(self) -> Response:
        """What is asked; `from` names a workflow to copy."""
        source = request.args.get("from", "")
        known = self._app.hub.project.workflows
        return self._rendered(Asked(source=source if source in known else ""))

    def begin(self) -> Response:
        """Write the files, and go on in the editor. Nothing is written over (S12)."""
        hub, asked = self._app.hub, Asked.of_form()
        try:
            drafts, project = self._drafts.plan(asked.drafts, self._app.aside)
            version = project.workflows[asked.name].version
            begin(hub, asked.name, drafts, version=version, actor=self._app.actor)
        except NotPossible as problem:
            return self._rendered(asked, _REFUSED, problem=problem)
        if field("commit") != "yes":
            return self._saved(asked.name, None)
        paths = [each.path for each in drafts]
        return self._saved(asked.name, Commit(asked.name, paths, f"Add the workflow {asked.name}"))

    def _rendered(self, asked: Asked, answer: int = 200, /, **said: object) -> Response:
        hub = self._app.hub
        return self._app.render(
            "new_flow.html",
            answer,
            asked=asked,
            kinds=WHAT_STARTS_IT,
            presets=[*hub.project.settings.auth, PUBLIC],
            sources=sorted(hub.project.workflows),
            can_be_written=can_begin(hub),
            is_repository=self._is_repository(),
            **said,
        )

    def _is_repository(self) -> bool:
        try:
            repository_of(self._app.hub)
        except NotPossible:
            return False
        return True
