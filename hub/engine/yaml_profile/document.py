"""What came of reading one file."""

from __future__ import annotations

from dataclasses import dataclass

from hub.engine.findings import Finding, Source, in_order
from hub.engine.yaml_profile.build import Builder
from hub.engine.yaml_profile.lines import comment_findings, tab_findings
from hub.engine.yaml_profile.nodes import Node

MAX_FINDINGS = 100


@dataclass(frozen=True)
class Document:
    """One file: its tree (None when it could not be read at all) and what is wrong with it."""

    source: Source
    root: Node | None
    findings: tuple[Finding, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether anything keeps the file from being loaded."""
        return any(finding.is_error for finding in self.findings)


def document_of(source: Source, builder: Builder, findings: list[Finding]) -> Document:
    """The document that was built, with what is wrong in its lines besides `findings`."""
    findings.extend(builder.findings)
    findings.extend(tab_findings(source, builder.spans))
    findings.extend(comment_findings(source, builder.spans))
    root = None if builder.is_several else builder.root
    return Document(source, root, in_order(findings)[:MAX_FINDINGS])
