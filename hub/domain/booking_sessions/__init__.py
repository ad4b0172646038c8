"""Booking sessions: a browser fills in the clinic's page, the lead pays, the outcome is told."""
