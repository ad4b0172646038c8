"""A clinic's booking page that books nothing: what booking sessions are tried and shown with.

cards.py     which card comes to what (B-25): pure
diary.py     the times of the clinic, and who has them
serving.py   the page over HTTP, on this machine only
"""

from hub.cli.demo.clinic.serving import Clinic, open_clinic

__all__ = ["Clinic", "open_clinic"]
