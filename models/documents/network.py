"""Networks: the addresses that a limit counts as one."""

import ipaddress


def network_of(address: str) -> str:
    """Returns the network of an address: an IPv4 address itself, or the /64 of an IPv6 address, which one subscriber has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), 64), strict=False))
