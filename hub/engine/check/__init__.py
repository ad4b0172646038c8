"""What can be known to be wrong before anything runs: names, types, ways through the steps."""

from hub.engine.check.workflow import check_file

__all__ = ["check_file"]
