"""From the text of a file to a `Workflow` or the settings, or to all that is wrong with it."""

from hub.engine.compile.connection_rules import ConnectionRules
from hub.engine.compile.context import Context
from hub.engine.compile.file import CompiledFile, compile_file
from hub.engine.compile.hub_file import (
    AuthTypes,
    HubFile,
    compile_hub_file,
    secret_places,
)
from hub.engine.compile.preset_options import KNOWN_OPTIONS
from hub.engine.compile.values import Places

__all__ = [
    "KNOWN_OPTIONS",
    "AuthTypes",
    "CompiledFile",
    "ConnectionRules",
    "Context",
    "HubFile",
    "Places",
    "compile_file",
    "compile_hub_file",
    "secret_places",
]
