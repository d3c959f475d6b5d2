"""Only addresses of the public internet may be fetched from."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from consentry.web.addresses import is_public

PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::200e"]
REFUSED = {
    "loopback": ["127.0.0.1", "127.8.9.1", "::1"],
    "this host": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104  an address to refuse
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "link-local": ["169.254.1.1", "fe80::1", "fe80::1%2"],
    "metadata of clouds": [
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
    ],
    "unique local": ["fc00::1", "fdff::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "shared, RFC 6598": ["100.64.0.1", "100.127.255.255"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"],
    "IPv4 in IPv6": [
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
    "site-local": ["fec0::1"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", [one for kind in REFUSED.values() for one in kind])
def test_all_others_are_refused(address):
    assert not is_public(ip_address(address))
