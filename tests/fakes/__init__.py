"""Fakes: stand-ins for the services outside and for the clock, with their own tests."""
