"""The client demo page: a person clicks through the flows as a client, a lead or a contractor.

Only `hub dev` and `hub demo` serve it, on a port of its own on 127.0.0.1: `hub web` has no such
page and no way to it. Endpoints that want a signature get one here, with the secrets of this
machine; never in mode `live`.

flows.py     what can be clicked through, and the workflows that it needs
rows.py      what there is to click on
desk.py      sends requests as their callers would, tells what became of them
serving.py   the page over HTTP
opening.py   beside web and worker
files/       HTML, style and scripts, as browsers get them
"""

from hub.cli.demo.page.opening import ClientPage, client_page

__all__ = ["ClientPage", "client_page"]
