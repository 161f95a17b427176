"""Where requests come from, as far as limits tell one from another."""

import ipaddress


def network_of(address: str) -> str:
    """Whom a limit by address counts as one: an IPv4 address, or the /64 that one IPv6 subscriber has to himself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
