"""What a stranger's URL must not reach: every trick of ``ssrf.txt``, straight and behind a redirect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankcard_ocr.errors import FetchError
from bankcard_ocr.server.fetch import Fetcher, address
from bankcard_ocr.server.fetch.url import Target, parse

PUBLIC = "93.184.216.34"


def cases() -> Iterator[tuple[list[str], str]]:
    """(addresses the host resolves to, URL) of each line."""
    for line in (Path(__file__).parent / "ssrf.txt").read_text().splitlines():
        if line and line[0] not in "#[":
            answers, _, url = line.partition(" ")
            yield [] if answers == "-" else answers.split(","), url


CASES = list(cases())
IDS = [url for _, url in CASES]


@dataclass
class World:
    """A network of names, addresses and what they send, that remembers who was asked."""

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    sends: dict[str, bytes] = field(default_factory=dict)
    looked_up: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    any_name: list[str] = field(default_factory=list)

    def resolve(self, host: str, _port: int) -> list[str]:
        self.looked_up.append(host)
        answers = self.names.get(host)
        found = answers.pop(0) if answers else self.any_name
        if not found:
            raise OSError(host)
        return found

    def connect(self, host: str, _port: int) -> httpcore.NetworkStream:
        self.connected.append(host)
        if host not in self.sends:
            raise httpcore.ConnectError(host)
        return httpcore.MockStream([self.sends[host]])


@pytest.fixture
def world(monkeypatch) -> World:
    world = World()
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda _, host, port, **__: world.connect(host, port))
    return world


@pytest.fixture(scope="module")
def tls():
    """One TLS context for all fetchers: making one reads some hundred certificates."""
    return Fetcher()._tls


@pytest.fixture
def fetcher(world, tls, monkeypatch) -> Fetcher:
    monkeypatch.setattr("bankcard_ocr.server.fetch.tls_context", lambda *_: tls)
    return Fetcher(resolve=world.resolve)


def refusal(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher(url)
    return str(caught.value)


def parsed(url: str) -> Target | None:
    try:
        return parse(url)
    except FetchError:
        return None


def test_there_are_enough_cases():
    """At least 200 different tricks are tried."""
    assert len(set(IDS)) >= 200


@pytest.mark.parametrize(("answers", "url"), CASES, ids=IDS)
def test_no_connection_is_opened(world, fetcher, answers, url):
    """A URL to what is not public is refused before anything is connected to."""
    world.any_name = answers

    stage = refusal(fetcher, url).partition(" ")[0]

    assert (stage in {"url:", "address:"}, [], bool(answers)) == (True, world.connected, bool(world.looked_up))


@pytest.mark.parametrize(("answers", "url"), CASES, ids=IDS)
def test_no_redirect_leads_there(world, fetcher, answers, url):
    """A public server cannot send the download on to what is not public."""
    world.names["public.example"] = [[PUBLIC]] * 4
    world.any_name = answers
    world.sends[PUBLIC] = b"HTTP/1.1 302 Found\r\nLocation: " + url.encode() + b"\r\nContent-Length: 0\r\n\r\n"

    stage = refusal(fetcher, "http://public.example/card.jpg").partition(" ")[0]

    assert (True, {PUBLIC}) == (stage in {"redirect", "redirect:"}, set(world.connected))


def test_a_redirect_to_a_private_address_says_so(world, fetcher):
    """The hint of the contract: a redirect to a private address is refused as such."""
    world.any_name = [PUBLIC]
    world.sends[PUBLIC] = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://10.0.0.1/\r\n\r\n"

    assert "redirect to a private address refused" == refusal(fetcher, "http://public.example/")


def test_a_name_is_looked_up_once(world, fetcher):
    """Rebinding gains nothing: the address that was judged is the address connected to."""
    world.names["rebind.example"] = [[PUBLIC], ["127.0.0.1"]]

    hint = refusal(fetcher, "http://rebind.example/")

    assert ("connect: host out of reach", ["rebind.example"], [PUBLIC]) == (hint, world.looked_up, world.connected)


def test_a_name_that_turns_private_between_redirects_is_refused(world, fetcher):
    """Each redirect is judged anew, also one to the same host."""
    world.names["rebind.example"] = [[PUBLIC], ["169.254.169.254"]]
    world.sends[PUBLIC] = b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n"

    hint = refusal(fetcher, "http://rebind.example/")

    assert ("redirect to a private address refused", [PUBLIC]) == (hint, world.connected)


def test_the_environment_cannot_set_a_proxy(world, fetcher, monkeypatch):
    """Proxy variables are not read: the download goes to the judged address itself."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:3128")
    world.any_name = [PUBLIC]

    refusal(fetcher, "http://public.example/")

    assert [PUBLIC] == world.connected


def test_a_refusal_does_not_repeat_the_address(world, fetcher):
    """Names of the inner network cannot be looked up through the hint."""
    world.any_name = ["10.7.7.7"]

    assert "address: private address refused" == refusal(fetcher, "http://wiki.corp.example/")


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "100.100.100.200", "[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]"]
)
def test_metadata_stays_out_of_reach(world, fetcher, host):
    """Allowing private networks does not open the clouds' metadata services."""
    fetcher._allow_private_networks = True

    assert ("address: private address refused", []) == (refusal(fetcher, f"http://{host}/"), world.connected)


@pytest.mark.parametrize(
    ("public", "special"),
    [
        ("9.255.255.255", "10.0.0.0"),
        ("11.0.0.0", "10.255.255.255"),
        ("100.63.255.255", "100.64.0.0"),
        ("100.128.0.0", "100.127.255.255"),
        ("126.255.255.255", "127.0.0.0"),
        ("128.0.0.0", "127.255.255.255"),
        ("169.253.255.255", "169.254.0.0"),
        ("172.15.255.255", "172.16.0.0"),
        ("172.32.0.0", "172.31.255.255"),
        ("192.31.195.255", "192.31.196.0"),
        ("192.52.194.0", "192.52.193.255"),
        ("192.167.255.255", "192.168.0.0"),
        ("192.169.0.0", "192.168.255.255"),
        ("192.175.49.0", "192.175.48.255"),
        ("198.17.255.255", "198.18.0.0"),
        ("198.20.0.0", "198.19.255.255"),
        ("223.255.255.255", "224.0.0.0"),
        ("1.0.0.0", "0.255.255.255"),
        ("2001:200::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2003::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2000::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::"),
        ("2620:4f:8001::", "2620:4f:8000::"),
        ("3fff:1000::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::"),
    ],
)
def test_both_sides_of_every_edge(public, special):
    """The special networks end where IANA says, and not an address earlier or later."""
    assert (True, False) == (
        address.is_public(ip_address(public)),
        address.is_public(ip_address(special)),
    )


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("::1", "::1"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ],
)
def test_private_networks_end_where_they_do(first, last):
    """Allowing them opens no address beside them."""
    begin, end = ip_address(first), ip_address(last)

    assert [False, True, True, False] == [*map(address.is_private, (begin - 1, begin, end, end + 1))]


@pytest.mark.parametrize(
    "other",
    [
        *("0.0.0.0", "169.254.1.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
        *("::", "fe80::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::"),
    ],
)
def test_what_else_is_special_is_not_private(other):
    """Link-local, multicast and reserved addresses, and IPv4 inside IPv6, stay refused where private ones are not."""
    assert (False, False) == (address.is_private(ip_address(other)), address.is_public(ip_address(other)))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_public_inside_ipv6(inner):
    """Mapped, 6to4 and NAT64 forms of any address are refused."""
    number = int(inner)
    forms = [0xFFFF << 32 | number, 0x2002 << 112 | number << 80, 0x64FF9B << 96 | number, number]

    assert [False] * 4 == [address.is_public(IPv6Address(form)) for form in forms]


@given(st.ip_addresses())
def test_private_is_never_public(any_address):
    """No address is both."""
    assert not (address.is_public(any_address) and address.is_private(any_address))


@given(st.one_of(st.text(), st.text("ht:/[]@\\%.0127x①。?#ps", max_size=40).map("http://".__add__)))
def test_any_text_is_a_target_or_a_fetch_error(url):
    """Nothing but a FetchError comes of any text, and what is a target stays the same when parsed again."""
    target = parsed(url)

    assert target == (target and parse(target.url))


@given(st.ip_addresses(v=4), st.integers(1, 65535), st.sampled_from(["http", "https"]))
def test_a_literal_address_is_kept(host, port, scheme):
    """The address of a dotted quad is what is judged and connected to."""
    target = parse(f"{scheme}://{host}:{port}/x.jpg")

    assert (host, port, scheme, "/x.jpg") == (target.address, target.port, target.scheme, target.path)
