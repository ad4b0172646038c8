"""Measurements, never asserted: what the hub does on this machine, beside the simplest floor."""
