"""`curl -s [-H HEADER] [-d BODY] URL` for machines without it: `python -m tests.fakes.curl`."""

from __future__ import annotations

import argparse
import sys

import httpx

PATIENCE = 60.0


def main(words: list[str]) -> int:
    """Send one request and print what comes, as curl does."""
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("url")
    given = parser.parse_args(words)
    headers = dict(each.split(": ", 1) for each in given.headers)
    method = "GET" if given.body is None else "POST"
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        answer = client.request(method, given.url, headers=headers, content=given.body)
    sys.stdout.write(answer.text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
