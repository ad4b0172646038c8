"""What the hub is made of: pinned, hashed, audited as far as anybody can tell (S19)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.dependencies import ROOT, Audited, Locked, judged, licence, locked, sbom

PACKAGES = [Locked("flask", "3.1.0", "", ("0" * 64,)), Locked("rq", "2.1.0", "", ("1" * 64,))]
ALLOWED = {
    "0BSD",
    "3-Clause BSD License",
    "Apache Software License",
    "Apache-2.0",
    "BSD License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "ISC License (ISCL)",
    "LGPL-3.0-only",  # psycopg: used as it is published, by import
    "MIT",
    "MIT License",
    "MIT-0",
    "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)",
    "PSF-2.0",
    "Python Software Foundation License",
    "ZPL-2.1",
}


def report(*entries: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(entries), "fixes": []})


FLASK = {"name": "flask", "version": "3.1.0", "vulns": []}
RQ = {"name": "rq", "version": "2.1.0", "vulns": []}
WEAK = {**RQ, "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.2"], "aliases": []}]}
SKIPPED = {"name": "rq", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def test_S19_an_audit_that_asked_about_everything_says_how_many():
    found = judged(report(FLASK, RQ), PACKAGES)

    assert found == Audited(2, (), ())
    assert list(found.sentences()) == ["2 locked packages looked up: 0 known vulnerabilities"]
    assert found.passes(is_required=True)


def test_S19_a_known_vulnerability_fails_the_gate():
    for entries in ((FLASK, WEAK), (WEAK,)):
        found = judged(report(*entries), PACKAGES)

        assert found.weaknesses == ("rq 2.1.0: PYSEC-1, mended in 2.2",)
        assert not found.passes(is_required=False)


@pytest.mark.parametrize(
    "told", ["", "{}", "[]", "ERROR: connection refused", report(), report(SKIPPED), "null"]
)
def test_S19_an_audit_that_could_not_ask_claims_nothing(told: str):
    found = judged(told, PACKAGES)
    sentences = " ".join(found.sentences())

    assert found.looked_up == 0
    assert sentences.startswith("NOT AUDITED")
    assert "0 known" not in sentences
    assert found.passes(is_required=False)
    assert not found.passes(is_required=True)


@pytest.mark.parametrize("other", [SKIPPED, {**RQ, "version": "2.0.0"}])
def test_S19_packages_that_were_not_looked_up_are_named(other: dict[str, Any]):
    found = judged(report(FLASK, other), PACKAGES)

    assert list(found.sentences())[-1] == "NOT AUDITED: 1 packages: rq"
    assert not found.passes(is_required=True)


def test_S19_every_package_is_pinned_with_hashes_and_the_lock_names_no_place():
    packages = locked()

    assert len(packages) > 50
    assert [each.name for each in packages if not each.hashes] == []
    assert len({each.name for each in packages}) == len(packages)
    assert "://" not in (ROOT / ".ci/requirements.txt").read_text("utf-8")


def test_S19_the_licences_are_those_that_were_agreed():
    told = {each.name: licence(each.name) for each in locked()}
    found = {name: set(re.split(r" AND | OR ", said)) for name, said in told.items() if said}

    assert {name: said - ALLOWED for name, said in found.items() if said - ALLOWED} == {}
    assert len(found) > 50


def test_S19_the_sbom_is_whole_and_valid():
    packages = locked()
    made = sbom(packages)

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    assert [each["name"] for each in made["components"]] == [each.name for each in packages]
    assert all(each["hashes"] for each in made["components"])


def test_S19_the_gate_audits():
    assert "make audit" in (ROOT / ".ci/run").read_text("utf-8")
