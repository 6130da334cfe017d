"""Ranges of IP addresses."""

import ipaddress

from envoy.config.core.v3.address_pb2 import CidrRange


def address_range(value: str) -> CidrRange:
    """`10.0.0.0/8`, or a single address, which is a range of one."""
    address, _, length = value.partition("/")
    parsed = ipaddress.ip_address(address)
    found = CidrRange(address_prefix=str(parsed))
    found.prefix_len.value = int(length) if length else parsed.max_prefixlen
    return found
