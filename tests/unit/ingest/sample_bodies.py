"""The samples of what callers send, by their file names."""

from pathlib import Path

from hub.ingest.body import Body, read_json

SAMPLES = Path(__file__).parents[2] / "samples"


def raw(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def body(name: str) -> Body:
    return read_json(raw(name))
