"""Where schemas lie in a schema: under names that are no keywords, and never in data."""

MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
DATA = frozenset({"default", "const", "enum", "examples", "dependentRequired", "$vocabulary"})
