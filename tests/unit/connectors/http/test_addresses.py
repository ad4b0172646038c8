"""S3: which addresses an outbound connection may lead to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.http.addresses import OutboundPolicy, is_global_unicast, judged

CLOSED = OutboundPolicy()

REFUSED = [
    "0.0.0.0",  # noqa: S104 -- an address to refuse
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%2",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "2002:808:808::1",
    "64:ff9b::808:808",
]
IPV4 = st.builds(IPv4Address, st.integers(0, 2**32 - 1))


@pytest.mark.parametrize("address", REFUSED)
def test_S3_an_address_that_is_not_public_is_refused(address):
    assert not CLOSED.permits(ip_address(address), 443)


@pytest.mark.parametrize("address", ALLOWED)
def test_S3_a_public_address_is_allowed(address):
    assert CLOSED.permits(ip_address(address), 443)


@given(IPV4)
def test_S3_ipv4_inside_ipv6_is_judged_as_the_ipv4(inner):
    packed = int(inner)
    wrapped = [
        IPv6Address((0xFFFF << 32) | packed),
        IPv6Address((0x2002 << 112) | (packed << 80) | 1),
        IPv6Address((0x0064FF9B << 96) | packed),
    ]

    for address in wrapped:
        assert judged(address) == (inner,)
        assert CLOSED.permits(address, 443) == is_global_unicast(inner)


@given(server=IPV4, client=IPV4)
def test_S3_both_ends_of_a_teredo_tunnel_are_judged(server, client):
    hidden = int(client) ^ 0xFFFFFFFF
    address = IPv6Address((0x20010000 << 96) | (int(server) << 64) | hidden)

    expected = is_global_unicast(server) and is_global_unicast(client)
    assert CLOSED.permits(address, 443) == expected


@given(IPV4)
def test_S3_the_standard_library_calls_nothing_private_that_we_allow(address):
    if is_global_unicast(address):
        assert address.is_global
        assert not address.is_multicast


def test_S3_a_listed_network_is_open_on_the_listed_ports_only():
    policy = OutboundPolicy.of(("10.1.0.0/16", [3100, 443]))

    assert policy.permits(ip_address("10.1.2.3"), 3100)
    assert policy.permits(ip_address("::ffff:10.1.2.3"), 443)
    assert not policy.permits(ip_address("10.1.2.3"), 22)
    assert not policy.permits(ip_address("10.2.0.1"), 3100)


def test_S3_a_listed_network_without_ports_is_open_on_all():
    policy = OutboundPolicy.of(("::1/128", []))

    assert policy.permits(ip_address("::1"), 1)
    assert not policy.permits(ip_address("127.0.0.1"), 1)
