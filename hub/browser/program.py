"""Whether this machine can drive a browser: asked before anything is started."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

from hub.errors import Misconfigured

_NO_EXTRA = (
    "the extra `browser` is not installed: pip install 'webhook-hub[browser]'. It drives the"
    " Chromium of the system and downloads none"
)


def find_program(name: str) -> str:
    """Where the Chromium lies; raises `Misconfigured` with what to install."""
    if find_spec("playwright") is None:
        raise Misconfigured(_NO_EXTRA)
    found = shutil.which(name)
    if found is None:
        raise Misconfigured(
            f"there is no {name}: install Debian's (apt-get install chromium), or set"
            " HUB_BROWSER_PROGRAM to the path of one"
        )
    return found
