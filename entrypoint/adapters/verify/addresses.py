"""Which addresses a URL from a repository may lead to: public ones only."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_PUBLIC_V6 = IPv6Network("2000::/3")
_TUNNELS = tuple(IPv6Network(text) for text in ("2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20"))
"""Teredo and other special networks, 6to4, documentation. These may contain any IPv4 address."""
_RELAY = ip_network("192.88.99.0/24")
"""6to4 relays."""


def is_public(text: str) -> bool:
    """Whether everybody on the Internet can reach this address. False for a text that is not an address.

    Refused are private, loopback, link-local, unique local, shared (carrier-grade NAT), multicast, reserved and documentation
    addresses, and all IPv6 addresses that hold an IPv4 one.
    """
    address = _parse(text)
    match address:
        case IPv4Address():
            return (
                address.is_global
                and not address.is_multicast
                and not address.is_reserved
                and address not in _RELAY
            )
        case IPv6Address():
            special = any(address in network for network in _TUNNELS)
            return address in _PUBLIC_V6 and address.is_global and not special
        case None:
            return False


def is_loopback(text: str) -> bool:
    """Whether it is this computer."""
    address = _parse(text)
    return address is not None and address.is_loopback


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
