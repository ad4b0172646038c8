"""The console: pages for people at `/admin`. Loaded with the first request for one of them.

    app.py       the application: who may see what, errors as pages, headers
    entrance.py  signing in and out, invitations
    others       one module for each group of pages

Templates write all markup; what is stored is text to them (S11). There is no inline style and no
inline script anywhere, so that the policy of the pages can forbid both (S10).
"""
