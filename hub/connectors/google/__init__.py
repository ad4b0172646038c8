"""Google: one connection for Calendar, Gmail and Sheets."""
