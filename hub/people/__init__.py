"""The people of the console: who may do what, and how they prove who they are (S7, S8)."""
