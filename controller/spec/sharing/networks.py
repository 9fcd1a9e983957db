"""Where addresses that come from data may lie: networks, single addresses and, when they are listed, host names.

Who may write a row of a table must not be able to send a password anywhere. Judged is the host that will be called, after the
URL is taken apart; what two readers of URLs might take apart differently is refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from controller.spec.trust import covers_host, is_address, is_host_pattern, normal_host

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_DOUBTFUL = re.compile(r"[\\\s\x00-\x1f\x7f]")


def check_network(text: str) -> str:
    """The entry as it is kept; raises ValueError in words when it is neither a network nor a host."""
    if "/" in text:
        return str(_network(text))
    host = normal_host(text)
    if is_address(host) or (is_host_pattern(host) and not _looks_numeric(host)):
        return host
    raise ValueError(f"{text!r} is neither a network (192.168.1.0/24) nor an address or host name (*.doors.example.org)")


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        wider = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no network: write its first address and its length, for example 192.168.1.0/24") from None
    raise ValueError(f"{text!r} is an address within a network; the network is {wider}")


def outside(url: str, allowed: Sequence[str]) -> str:
    """Why this URL must not be called, empty when it may be. ``allowed`` went through ``check_network``."""
    if _DOUBTFUL.search(url):
        return "the address has blanks, backslashes or control characters in it"
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname, parts.port
    except ValueError:
        return "the address cannot be read"
    if "@" in parts.netloc:
        return "the address has a user name in it"
    host = normal_host(name or "")
    if not host or "%" in host:
        return "the address names no host"
    where = ", ".join(allowed)
    if is_address(host):
        return "" if _inside(host, allowed) else f"{host} lies outside of allowNetworks ({where})"
    if _looks_numeric(host):
        return f"{host} is neither a plain address nor a host name"
    patterns = [entry for entry in allowed if "/" not in entry]
    return "" if any(covers_host(entry, host) for entry in patterns) else f"the host name {host} is not in allowNetworks ({where})"


def _inside(host: str, allowed: Sequence[str]) -> bool:
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    networks = [ipaddress.ip_network(entry) for entry in allowed if "/" in entry or is_address(entry)]
    return any(address.version == network.version and address in network for network in networks)


def _looks_numeric(host: str) -> bool:
    """``10.1``, ``0x7f.1`` and ``2130706433`` are addresses to some programs and names to others."""
    last = host.rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")
