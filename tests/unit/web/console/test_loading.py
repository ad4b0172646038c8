"""What takes webhooks in loads nothing of the console before somebody asks for a page."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import sys
import hub.web.app, hub.bootstrap.hub
of_console = ("hub.web.console", "hub.people", "argon2")
print([name for name in sys.modules if name.startswith(of_console)])
"""


def test_the_console_is_loaded_with_the_first_request_for_it_and_not_before():
    loaded = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"
