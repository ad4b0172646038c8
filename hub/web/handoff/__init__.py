"""The page on which a lead pays in our browser: shown as pictures, used by finger and keys (X20).

pages.py    the link, opened once; what is shown and done
files/      its script and its style; it needs no other host
"""
