"""Which addresses a download may reach: public ones, and those an operator excepted.

The tables are those of IANA's special-purpose registries (RFC 6890 and its successors). They stand here, not in
``ipaddress.is_global``, whose verdict changed between patch releases of Python 3.11, 3.12 and 3.13, calls multicast
and 64:ff9b::/96 global, and cannot know the address where Azure keeps its metadata service.

>>> from ipaddress import ip_address
>>> is_public(ip_address("8.8.8.8")), is_public(ip_address("::ffff:8.8.8.8"))
(True, False)
>>> is_private(ip_address("192.168.1.7")), is_private(ip_address("169.254.169.254"))
(True, False)
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA: frozenset[Address] = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, DigitalOcean, Oracle, Huawei, OpenStack
            "169.254.170.2",  # AWS ECS task credentials
            "169.254.170.23",  # AWS EKS pod identity
            "169.254.0.23",  # Tencent
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure's wire server: a public address
            "192.0.0.192",  # Oracle, older
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS EKS pod identity
            "fd20:ce::254",  # Google
        ),
    )
)
"""Where clouds hand credentials to whoever asks from inside: refused even where private networks are allowed."""

_SPECIAL_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local
            "172.16.0.0/12",
            "192.0.0.0/24",  # IETF protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")  # the only range IANA gives out; all else is special or unassigned
_SPECIAL_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments, Teredo (2001::/32) among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_PRIVATE = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: an interface id that carries an IPv4 address


def is_public(address: Address) -> bool:
    """Whether ``address`` is globally routable, is no cloud's metadata service and carries no IPv4 address inside."""
    if address in METADATA:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    plain = address.scope_id is None and (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP
    return plain and address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)


def is_private(address: Address) -> bool:
    """Whether ``address`` is of a loopback or private network: what ``allow_private_networks`` lets through.

    Link-local, multicast, reserved and metadata addresses, and IPv4 inside IPv6, are not of them.
    """
    return address not in METADATA and any(address in network for network in _PRIVATE)
