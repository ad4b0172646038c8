"""Bookings: who offers what and when, who may have it, and what becomes of it (K)."""
