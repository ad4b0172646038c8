"""Unit tests reach nothing outside their process."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize("address", [("127.0.0.1", 9), ("192.0.2.1", 80)])
def test_a_unit_test_may_not_open_a_connection(address):
    with socket.socket() as connection, pytest.raises(RuntimeError, match="may not connect"):
        connection.connect(address)
