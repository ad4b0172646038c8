"""The editor of a workflow: check, try, ask what would have been, save, commit.

A plain form: each button sends the whole text. Scripts ask for the parts of the page alone.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Response, request

from hub.bootstrap.saving import (
    ChangedMeanwhile,
    OpenFile,
    digest_of,
    lies_there,
    open_file,
    save,
    with_breaks_of,
)
from hub.editing.beginning.drafts import is_name
from hub.editing.differences import differences
from hub.engine.versions import workflow_path
from hub.errors import NotPossible, Rejected
from hub.people.roles import Deed
from hub.web.console import what_if
from hub.web.console.app import Console, field
from hub.web.console.beginning import Beginning
from hub.web.console.commits import Commit, repository_of
from hub.web.console.drafts import Draft, Drafts
from hub.web.console.flows import names_of

_LARGEST = 256 * 1024  # bytes of a form: a file of 64 KB, escaped
_COMMIT = re.compile(r"[0-9a-f]{4,40}")
_CONFLICT, _REFUSED = 409, 422
_MOST_DIGITS = 6


class Editor:
    """The pages at `/admin/workflows/<workflow>/edit`."""

    def __init__(self, app: Console) -> None:
        self._app, self._drafts = app, Drafts(app.hub)
        Beginning(app, self._drafts, self.saved)
        page = "/admin/workflows/<workflow>/edit"
        app.page(page, Deed.EDIT_WORKFLOWS)(self.page)
        for rule, view in (
            (page, self.save),
            (f"{page}/check", self.check),
            (f"{page}/tests", self.try_tests),
            (f"{page}/what-if", self.what_if),
            (f"{page}/words", self.words),
            (f"{page}/commit", self.commit),
        ):
            app.page(rule, Deed.EDIT_WORKFLOWS, methods=("POST",), largest=_LARGEST)(view)

    def page(self, workflow: str) -> Response:
        """The file as it lies there."""
        file = self._file(workflow)
        commit = request.args.get("commit", "")
        return self._rendered(
            workflow,
            file,
            file.text,
            is_saved=request.args.get("saved") == "1",
            commit=commit if _COMMIT.fullmatch(commit) else "",
        )

    def check(self, workflow: str) -> Response:
        """What is wrong with the text; for scripts the findings alone."""
        file = self._file(workflow)
        text = self._text(file)
        draft = self._drafts.check(workflow, text, self._app.aside)
        return self._part("edit_findings.html", workflow, file, text, draft=draft)

    def try_tests(self, workflow: str) -> Response:
        """What the tests of the workflow say of the text."""
        file = self._file(workflow)
        text = self._text(file)
        tried = self._drafts.try_tests(workflow, text, self._app.aside)
        return self._part("edit_tests.html", workflow, file, text, draft=tried.draft, tried=tried)

    def what_if(self, workflow: str) -> Response:
        """What the last requests would have become with the text."""
        file = self._file(workflow)
        text = self._text(file)
        found = what_if.ask(self._app, self._drafts, workflow, text)
        return self._part("edit_what_if.html", workflow, file, text, what_if=found)

    def words(self, workflow: str) -> Response:
        """What may be written at a place of the text, and what stands there: for scripts."""
        text = self._text(self._file(workflow))
        line, column = _number(field("line")), _number(field("column"))
        found = {
            "offers": [vars(each) for each in self._drafts.offers(text, line, column)],
            "said": self._drafts.explanation(text, line, column),
        }
        body = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        return Response(body, content_type="application/json")

    def save(self, workflow: str) -> Response:
        """Write the file, if nothing is wrong with it and nobody else wrote it meanwhile."""
        file = self._file(workflow)
        text = self._text(file)
        draft = self._drafts.check(workflow, text, self._app.aside)
        if draft.errors:
            return self._rendered(workflow, file, text, _REFUSED, draft=draft, is_refused=True)
        try:
            if text != file.text or field("digest") != file.digest:
                self._save(workflow, text, draft)
        except ChangedMeanwhile:
            return self._conflict(workflow, text, draft)
        except NotPossible as problem:
            return self._rendered(workflow, file, text, _CONFLICT, draft=draft, problem=problem)
        return self.saved(workflow, self._commit(workflow) if field("commit") == "yes" else None)

    def commit(self, workflow: str) -> Response:
        """Make a commit of the file as it lies there."""
        return self.saved(workflow, self._commit(workflow))

    # ---------------------------------------------------------------------------- how it is done

    def _file(self, workflow: str) -> OpenFile:
        """The file of a workflow; one that was begun a moment ago is no part of the project yet."""
        is_known = workflow in names_of(self._app.hub.project)
        if not is_known and not (is_name(workflow) and lies_there(self._app.hub, workflow)):
            raise Rejected(404, "There is no such workflow.")
        return open_file(self._app.hub, workflow)

    def _text(self, file: OpenFile) -> str:
        return with_breaks_of(request.form.get("text", ""), file.text)

    def _save(self, workflow: str, text: str, draft: Draft) -> None:
        save(
            self._app.hub,
            workflow,
            text,
            expected=field("digest"),
            version=draft.version,
            actor=self._app.actor,
        )

    def saved(self, workflow: str, commit: Commit | None) -> Response:
        """To the editor of what was written; with a commit where one is wanted."""
        page = f"/admin/workflows/{workflow}/edit?saved=1"
        if commit is None:
            return self._app.see_other(page)
        try:
            made = commit.make(self._app)
        except NotPossible as problem:
            file = self._file(workflow)
            return self._rendered(workflow, file, file.text, is_saved=True, problem=problem)
        return self._app.see_other(f"{page}&commit={made}")

    def _commit(self, workflow: str) -> Commit:
        return Commit(workflow, [workflow_path(workflow)], f"Change the workflow {workflow}")

    def _conflict(self, workflow: str, text: str, draft: Draft) -> Response:
        """Somebody else saved: what they wrote, and what saving again would make of it."""
        file = self._file(workflow)
        theirs = differences(file.text, text)
        return self._rendered(
            workflow, file, text, _CONFLICT, draft=draft, theirs=theirs, is_conflict=True
        )

    def _part(
        self, template: str, workflow: str, file: OpenFile, text: str, **said: Any
    ) -> Response:
        if "HX-Request" in request.headers:
            return self._app.render(template, name=workflow, **said)
        return self._rendered(workflow, file, text, digest=field("digest"), **said)

    def _rendered(
        self, workflow: str, file: OpenFile, text: str, answer: int = 200, /, **said: Any
    ) -> Response:
        values = {"digest": digest_of(file.text), **said}
        return self._app.render(
            "edit.html",
            answer,
            name=workflow,
            path=workflow_path(workflow),
            text=text,
            file=file,
            is_committed=self._is_committed(file),
            **values,
        )

    def _is_committed(self, file: OpenFile) -> bool | None:
        """None: the folder is no repository, or git cannot be asked."""
        try:
            return repository_of(self._app.hub).is_committed(file.path)
        except NotPossible:
            return None


def _number(given: str) -> int:
    is_number = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    return int(given) if is_number else 0
