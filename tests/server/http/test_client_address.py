"""The client's address: nobody behind no trusted proxy names it himself."""

import ipaddress

import pytest

from server.http.client_address import client_address, locate_clients

TRUSTED = [ipaddress.ip_network(network) for network in ("10.0.0.0/8", "fd00::/8")]


@pytest.mark.parametrize(
    ("remote", "forwarded_for", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1 , 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:DB8::1]:4711"], "2001:db8::1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_it_is_the_last_one_that_is_not_a_trusted_proxy(remote: str, forwarded_for: list[str], address: str) -> None:
    assert client_address(remote, forwarded_for, TRUSTED) == address


def test_a_proxy_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"proxy\.example"):
        locate_clients(["proxy.example"])
