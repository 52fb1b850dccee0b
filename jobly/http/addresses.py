"""Which addresses are public places, and how names become addresses."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[str]]
Allow = Callable[[Address], bool]

# Ranges that carry another address inside, or are no place at all, though Python calls them global.
UNICAST = ip_network("2000::/3")
TRANSITION = tuple(
    ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo, ORCHID and the other IETF protocol assignments
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation, younger than Python 3.11's table
    )
)
ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is a public place: global, one receiver, and itself (no transition range).

    Source: RELIABILITY S9; `is_global` alone lets 224.0.0.1, 64:ff9b::7f00:1 and 2002:7f00:1:: by.
    """
    if not address.is_global or address.is_multicast:
        return False
    if any(address.version == net.version and address in net for net in TRANSITION):
        return False
    if isinstance(address, IPv6Address):
        return address in UNICAST and (int(address) >> 32) & 0xFFFFFFFF not in ISATAP
    return True


def look_up(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name, in its order of preference."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def parse(text: str) -> Address | None:
    """Parse what a resolver said; a scoped address is a local one and none of ours."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None
