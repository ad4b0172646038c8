"""What can be known to be wrong before anything runs: names, types, ways through the steps."""

from hub.engine.check.walk import Outcome
from hub.engine.check.workflow import check_file, check_hub_file

__all__ = ["Outcome", "check_file", "check_hub_file"]
