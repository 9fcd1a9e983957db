"""Whether each resource can be reached: its name, its port, its certificate. A handshake at most; not a byte of HTTP is sent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from controller.runtime.doctor.page import Section
from controller.runtime.doctor.redaction import Redactor
from controller.sdk.context import Clock, Endpoint, Tls
from controller.spec.resource import Resource
from controller.state.upkeep.finding import Finding, fail, fine, warn

T = TypeVar("T")
_SIDE_BY_SIDE = 32
_DAYS = 21  # before a certificate ends


@dataclass(frozen=True)
class Door:
    """One place on the network, and the resources behind it."""

    host: str
    port: int
    tls: Tls | None
    resources: list[str] = field(default_factory=list, compare=False, hash=False)


@dataclass(frozen=True)
class Knocking:
    """How to knock: ``seconds`` for each step (name, port, certificate)."""

    clock: Clock
    redactor: Redactor
    seconds: float = 3.0


class _Closed(Exception):
    """Why a step failed, and what to do: two texts."""


async def network(resources: Sequence[Resource], how: Knocking) -> Section:
    """Every resource that lives on the network, side by side."""
    doors = _doors(resources)
    for door in doors:
        how.redactor.host(door.host)  # before any text is cleaned
    gate = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(door: Door) -> Finding:
        async with gate:
            return await _knock(door, how)

    findings = await asyncio.gather(*(one(door) for door in doors))
    local = sum(resource.provider.endpoint(resource.config) is None for resource in resources)
    facts = {"resources": f"{len(resources)}, {local} of them need no network"}
    return Section("Network", facts, tuple(findings))


def _doors(resources: Sequence[Resource]) -> list[Door]:
    found: dict[Door, list[str]] = defaultdict(list)
    for resource in resources:
        endpoint: Endpoint | None = resource.provider.endpoint(resource.config)
        if endpoint is None:
            continue
        parts = urlsplit(endpoint.url)
        secure = parts.scheme == "https"
        door = Door(parts.hostname or "", parts.port or (443 if secure else 80), endpoint.tls if secure else None)
        found[door].append(str(resource.address))
    return [Door(door.host, door.port, door.tls, names) for door, names in found.items()]


async def _knock(door: Door, how: Knocking) -> Finding:
    names = ", ".join(door.resources[:3]) + (f" and {len(door.resources) - 3} more" if len(door.resources) > 3 else "")
    where = f"{names} ({how.redactor.host(door.host)}:{door.port})"
    steps: list[str] = []
    try:
        address = await _step(how, steps, "resolves", _resolved(door))
        await _step(how, steps, "connects", _connected(address, door.port))
        ends = await _step(how, steps, "proves who it is", _shown(address, door)) if door.tls is not None else None
    except _Closed as closed:
        message, step = closed.args
        told = f"{', '.join(steps)}, but " if steps else ""
        return fail("reachable", f"{where}: {told}{how.redactor.text(message)}", step)
    if ends is not None and (left := (ends - how.clock.now().timestamp()) / 86400) < _DAYS:
        return warn("certificate", f"{where}: its certificate ends in {left:.0f} days", "renew it at the device or the server")
    return fine("reachable", f"{where}: {', '.join(steps)}")


async def _step(how: Knocking, steps: list[str], word: str, work: Coroutine[Any, Any, T]) -> T:
    """One step within its time; adds how long it took. Raises _Closed."""
    began = how.clock.monotonic()
    try:
        async with asyncio.timeout(how.seconds):
            result = await work
    except TimeoutError:
        raise _Closed(f"nothing answers within {how.seconds:g} s", _OFF) from None
    except OSError as error:
        raise _closed(error) from None
    steps.append(f"{word} in {(how.clock.monotonic() - began) * 1000:.0f} ms")
    return result


_OFF = "is it switched on, and in this network? Look at cable, address, firewall"


def _closed(error: OSError) -> _Closed:
    match error:
        case socket.gaierror():
            return _Closed("its name cannot be resolved", "look for a slip in `url`, then at this machine's name servers")
        case ssl.SSLError():
            from controller.sdk.http.tls import verdict

            return _Closed(verdict(error), "`trueup test` says how to pin its certificate; compare the clock of this machine too")
        case ConnectionRefusedError():
            return _Closed("it refuses the connection", "is the port in `url` right, and is the service switched on there?")
    return _Closed(error.strerror or type(error).__name__, _OFF)


async def _resolved(door: Door) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(door.host, door.port, type=socket.SOCK_STREAM)
    return str(found[0][4][0])


async def _connected(address: str, port: int) -> None:
    _, writer = await asyncio.open_connection(address, port)
    await _leave(writer)


async def _shown(address: str, door: Door) -> float | None:
    """A handshake, judged as a real connection would be; when the certificate ends, None where it is not verified."""
    from controller.sdk.http.tls import context_for

    context = context_for(door.tls or Tls())
    _, writer = await asyncio.open_connection(address, door.port, ssl=context, server_hostname=door.host)
    try:
        certificate = writer.get_extra_info("peercert") or {}
    finally:
        await _leave(writer)
    return float(ssl.cert_time_to_seconds(certificate["notAfter"])) if "notAfter" in certificate else None


async def _leave(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
