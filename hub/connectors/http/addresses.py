"""Where an outbound connection may lead (S3): pure rules about IP addresses.

Global unicast is allowed; everything else only where the operator listed it in `outbound_allow`.
The tables follow the special-purpose registries of IANA and are written out here, because the
answer of `ipaddress.is_global` changes with the version of Python and has holes (6to4, multicast).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED_IPV4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's service to its machines, though its number is a public one
        "169.254.0.0/16",  # link-local, metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFF_FFFF


@dataclass(frozen=True)
class OutboundPolicy:
    """What `outbound_allow` of hub.yaml opens: networks with ports (no port named: every port)."""

    allow: tuple[tuple[Network, frozenset[int]], ...] = ()

    @classmethod
    def of(cls, *entries: tuple[str, Iterable[int]]) -> OutboundPolicy:
        """From texts: `OutboundPolicy.of(("127.0.0.1/32", [3100]))`; raises ValueError."""
        return cls(tuple((ip_network(cidr), frozenset(ports)) for cidr, ports in entries))

    def permits(self, address: Address, port: int) -> bool:
        """May a connection to this address be opened? IPv4 inside IPv6 is judged as the IPv4."""
        return all(is_global_unicast(each) or self._lists(each, port) for each in judged(address))

    def _lists(self, address: Address, port: int) -> bool:
        return any(
            address in network and (not ports or port in ports) for network, ports in self.allow
        )


def judged(address: Address) -> tuple[Address, ...]:
    """The addresses that count: those wrapped in an IPv6 address, else the address itself."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.teredo is not None:
        return address.teredo
    wrapped = address.ipv4_mapped or address.sixtofour
    if wrapped is None and address in _NAT64:
        wrapped = IPv4Address(int(address) & _LAST_32_BITS)
    return (address,) if wrapped is None else (wrapped,)


def is_global_unicast(address: Address) -> bool:
    """Tell whether it is an ordinary address of the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_IPV4)
    return address in _GLOBAL_IPV6 and not any(address in each for each in _REFUSED_IPV6)
