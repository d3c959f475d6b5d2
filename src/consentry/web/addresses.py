"""Which network addresses a server may be sent to by a stranger: those of the public internet.

Everything that the IANA special-purpose registries (RFC 6890) do not call globally reachable is
refused, and so is what hides an IPv4 address inside an IPv6 one: the inner address would be reached
by a road that was not checked.
"""

from __future__ import annotations

import ipaddress
from typing import Final, TypeAlias

__all__ = ["Address", "is_public"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # RFC 4291, section 2.4
# What some versions of Python still call global, or what is public in form only.
_NOT_IN_IPV4: Final = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments, RFC 6890
    ipaddress.IPv4Network("192.88.99.0/24"),  # the relay of 6to4, RFC 7526
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's own services
)
_NOT_IN_IPV6: Final = (
    ipaddress.IPv6Network("2001::/23"),  # protocol assignments, Teredo among them, RFC 2928, 4380
    ipaddress.IPv6Network("2002::/16"),  # 6to4, RFC 3056: hides an IPv4 address
    ipaddress.IPv6Network("3fff::/20"),  # documentation, RFC 9637
)


def is_public(address: Address) -> bool:
    """Whether `address` belongs to the public internet.

    False for private, loopback, link-local, unique-local, multicast, shared (RFC 6598), reserved
    and documentation addresses, those of clouds' metadata services, and IPv4 inside IPv6.
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_IN_IPV4)
    inside = address in _GLOBAL_UNICAST
    return inside and not any(address in network for network in _NOT_IN_IPV6)
