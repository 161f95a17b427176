"""Decides which addresses users may make this server connect to: those of the public internet."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IPv6 addresses that gateways of the network translate to the IPv4 one in their last 32 bits (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Returns whether a numeric address lies outside of this machine and its networks, in whatever IPv6 form it is hidden."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_is_public(each) for each in (address, *_hidden_in(address)))


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or address in _NAT64:
            return True  # judged by what hides in it
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _hidden_in(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    hidden: list[Address] = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address.teredo is not None:
        hidden += address.teredo
    if address in _NAT64:
        hidden.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return hidden
