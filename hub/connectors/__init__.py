"""The services outside: one module for each, all of them through `hub.connectors.http`."""
