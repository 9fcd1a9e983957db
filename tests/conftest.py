"""What every test stands on: asyncio behind anyio, no network beyond this machine, steady property tests."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("trueup", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("trueup")


class NetworkRefused(AssertionError):
    """A test tried to reach something that is not on this machine. An assertion, so that no `except OSError` hides it."""


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_number(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _guard_the_network(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook sees every connection whatever library makes it, in every thread. Names are not found, as without a network."""
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not _is_local(address[0]):
            raise NetworkRefused(f"tests stay on this machine, but something wanted to reach {address[0]}")
    elif event == "socket.getaddrinfo" and not _is_local(args[0]) and not _is_number(args[0]):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


sys.addaudithook(_guard_the_network)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
