"""`hub test`: workflows tried without a network, on a fake clock (language, chapter 14)."""
