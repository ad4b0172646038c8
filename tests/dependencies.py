"""The locked dependencies: `python -m tests.dependencies audit|sbom` (S19).

An audit that could not ask says so. "Nothing found" is told only of packages that were looked up.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]
LOCK = ROOT / ".ci" / "requirements.txt"
SBOM = ROOT / "dist" / "sbom.cdx.json"
AUDIT_WITHIN = 120  # seconds
_PIN = re.compile(r"([a-z0-9-]+)==([^\s;\\]+)(?: ; ([^\\]+?))? \\")
_HASH = re.compile(r"    --hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Locked:
    """One package of the lock; `hashes` are those of its published files."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Audited:
    """What is known after an audit: weaknesses by package, and what nobody looked up."""

    looked_up: int
    weaknesses: tuple[str, ...]
    not_looked_up: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return self.looked_up > 0 and not self.not_looked_up

    def sentences(self) -> Iterator[str]:
        """For the person who reads the gate's log."""
        if self.weaknesses:
            yield f"KNOWN VULNERABILITIES: {len(self.weaknesses)}"
            yield from self.weaknesses
        elif self.looked_up:
            yield f"{self.looked_up} locked packages looked up: 0 known vulnerabilities"
        if self.looked_up == 0:
            yield "NOT AUDITED: the advisory service could not be reached, nothing is known"
        elif self.not_looked_up:
            names = ", ".join(self.not_looked_up)
            yield f"NOT AUDITED: {len(self.not_looked_up)} packages: {names}"

    def passes(self, *, is_required: bool) -> bool:
        """Whether the gate goes on: no weakness is known, and all were looked up if they must."""
        return not self.weaknesses and (self.is_complete or not is_required)


# ---------------------------------------------------------------------------------------- the lock


def locked(text: str | None = None) -> list[Locked]:
    """Every package of the lock; raises ValueError for a line that is neither pin nor hash."""
    found: list[Locked] = []
    hashes: list[str] = []
    for line in (LOCK.read_text("utf-8") if text is None else text).splitlines():
        if pin := _PIN.fullmatch(line):
            hashes = []
            found.append(Locked(pin[1], pin[2], pin[3] or "", ()))
        elif (hashed := _HASH.match(line)) and found:
            hashes.append(hashed[1])
            last = found.pop()
            found.append(Locked(last.name, last.version, last.marker, tuple(hashes)))
        else:
            raise ValueError(f"neither a pinned package nor a hash: {line[:80]!r}")
    return found


def licence(name: str) -> str | None:
    """What an installed package says of its licence; None when it is not installed here."""
    try:
        told = metadata.metadata(name).json
    except metadata.PackageNotFoundError:
        return None
    classifiers = [
        each.rpartition(" :: ")[2]
        for each in told.get("classifier", [])
        if each.startswith("License :: OSI Approved :: ")
    ]
    written = str(told.get("license", "")).partition("\n")[0]
    return str(told.get("license_expression", "")) or " AND ".join(classifiers) or written


# --------------------------------------------------------------------------------------- the audit


def audit() -> Audited:
    """Ask the advisory service about every locked package; nothing is installed or resolved."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(LOCK)),
        *("--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=AUDIT_WITHIN, check=False)
    except subprocess.TimeoutExpired:
        return judged("", locked())
    return judged(done.stdout.decode(errors="replace"), locked())


def judged(report: str, wanted: Sequence[Locked]) -> Audited:
    """What a report of pip-audit says of the packages of the lock.

    A package that it skips, does not name, or names in another version was not looked up.
    """
    try:
        told = json.loads(report)["dependencies"]
        entries: dict[str, Mapping[str, Any]] = {each["name"]: each for each in told}
    except (ValueError, TypeError, KeyError):
        entries = {}
    weaknesses, unknown = [], []
    for package in (each for each in wanted if _is_meant_here(each)):
        entry = entries.get(package.name, {})
        if "skip_reason" in entry or entry.get("version") != package.version:
            unknown.append(package.name)
        weaknesses += [_weakness(package, each) for each in entry.get("vulns", ())]
    looked_up = sum(map(_is_meant_here, wanted)) - len(unknown)
    return Audited(looked_up, tuple(weaknesses), tuple(unknown))


def _is_meant_here(package: Locked) -> bool:
    """A package of another platform or Python is not audited with this one."""
    from packaging.markers import Marker  # noqa: PLC0415 - not for the others of this module

    return not package.marker or Marker(package.marker).evaluate()


def _weakness(package: Locked, told: Mapping[str, Any]) -> str:
    mended = ", ".join(told.get("fix_versions", ())) or "no version yet"
    return f"{package.name} {package.version}: {told.get('id')}, mended in {mended}"


# ---------------------------------------------------------------------------------------- the SBOM


def sbom(packages: Sequence[Locked]) -> dict[str, Any]:
    """The lock as a CycloneDX 1.6 document; the same lock gives the same document."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "webhook-hub",
                "name": "webhook-hub",
                "version": metadata.version("webhook-hub"),
            }
        },
        "components": [_component(each) for each in packages],
    }


def _component(package: Locked) -> dict[str, Any]:
    purl = f"pkg:pypi/{package.name}@{package.version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": each} for each in package.hashes],
    }
    if said := licence(package.name):
        found["licenses"] = [{"license": {"name": said}}]
    return found


@click.command()
@click.argument("what", type=click.Choice(["audit", "sbom"]))
def main(what: str) -> None:
    """Audit the lock (AUDIT=required: fail when it cannot be), or write its SBOM."""
    if what == "sbom":
        SBOM.parent.mkdir(exist_ok=True)
        SBOM.write_text(json.dumps(sbom(locked()), indent=2) + "\n", "utf-8")
        click.echo(str(SBOM.relative_to(ROOT)))
        return
    found = audit()
    for sentence in found.sentences():
        click.echo(f"audit: {sentence}")
    if not found.passes(is_required=os.environ.get("AUDIT") == "required"):  # noqa: TID251 - of make
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    main()
