"""How we prove who we are: which ``Authorization`` goes with which try, and when trying again would be one try too many.

Devices lock an account after about five failed logins, so the order of tries is written down here once, as generators that
know no HTTP library. Digest follows RFC 7616 (and RFC 2069 when no qop is offered); what devices do differently stands in the
vendor notes: nonces that die within seconds, 401 without a challenge from a dead nonce or from a device that is merely busy.
"""

from __future__ import annotations

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from controller.sdk.context import Endpoint


class Refused(StrEnum):
    """Why no further try is made."""

    PASSWORD = "password"  # name or password is wrong, or the account is locked
    NO_LOGIN = "no-login"  # a password is asked for and none is declared
    BASIC_ONLY = "basic-only"  # only Basic is offered, which is not allowed
    SILENT = "silent"  # 401 twice without a word on how to log in: busy, or locked
    UNKNOWN = "unknown"  # no scheme that we know


@dataclass(frozen=True)
class Try:
    """One request to send: its ``Authorization`` (None: without), after a short pause when ``pause``."""

    authorization: bytes | None = None
    pause: bool = False


Tries: TypeAlias = Generator[Try, str, Refused]
"""Yields tries; is sent the ``WWW-Authenticate`` of each 401; returns why it gives up."""


class Login(Protocol):
    def tries(self, method: str, uri: str) -> Tries:
        """The tries for one request; ``uri`` is the request target as sent, query included."""
        ...


def login_for(endpoint: Endpoint, username: str, password: str) -> Login:
    match endpoint.scheme:
        case "basic":
            return BasicLogin(username, password)
        case "digest":
            return DigestLogin(username, password, allow_basic=endpoint.allow_basic)
    return NoLogin()


class NoLogin:
    def tries(self, method: str, uri: str) -> Tries:
        yield Try()
        return Refused.NO_LOGIN


class BasicLogin:
    """Sends Basic with every request, in UTF-8 (RFC 7617), once."""

    def __init__(self, username: str, password: str) -> None:
        self._header = _basic(username, password)

    def tries(self, method: str, uri: str) -> Tries:
        yield Try(self._header)
        return Refused.PASSWORD


class DigestLogin:
    """Reuses a challenge from call to call; when it is refused, starts afresh exactly once.

    At most two signed requests go out for one call, and the second only if the first used an older challenge.
    """

    def __init__(self, username: str, password: str, *, allow_basic: bool = False) -> None:
        self._username = username
        self._password = password
        self._allow_basic = allow_basic
        self._challenge: Challenge | None = None
        self._count = 0

    def tries(self, method: str, uri: str) -> Tries:
        reused = self._challenge is not None
        offered = yield Try(self._sign(method, uri) if reused else None)
        self._challenge = None
        if not offered.strip():
            offered = yield Try(pause=not reused)  # a dead nonce needs no rest, a busy device does
        if not offered.strip():
            return Refused.SILENT
        chosen = choose(offered, allow_basic=self._allow_basic)
        if isinstance(chosen, Refused):
            return chosen
        self._challenge, self._count = chosen, 0
        offered = yield Try(self._sign(method, uri))
        self._challenge = None
        return Refused.PASSWORD if offered.strip() else Refused.SILENT

    def _sign(self, method: str, uri: str) -> bytes:
        assert self._challenge is not None
        if self._challenge.scheme == "basic":
            return _basic(self._username, self._password)
        self._count += 1
        return sign(self._challenge, (self._username, self._password), (method, uri), (self._count, os.urandom(8).hex()))


def _basic(username: str, password: str) -> bytes:
    return b"Basic " + b64encode(f"{username}:{password}".encode())


@dataclass(frozen=True)
class Challenge:
    """One challenge of a ``WWW-Authenticate`` header; names of parameters in lower case."""

    scheme: str
    parameters: dict[str, str]

    def get(self, name: str, default: str = "") -> str:
        return self.parameters.get(name, default)


_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_PART = re.compile(
    r"""\s* (?: (?P<scheme> [A-Za-z][\w-]* ) (?: \s+ | \s*$ | (?=\s*,) ) )?
        (?: (?P<name> [\w-]+ ) \s*=\s* (?P<value> "(?:[^"\\]|\\.)*" | [^",\s]* ) )? \s* (?: , | $ )""",
    re.VERBOSE,
)


def challenges(header: str) -> Iterator[Challenge]:
    """The challenges of one or more joined ``WWW-Authenticate`` headers; what is malformed is left out."""
    current: Challenge | None = None
    for part in _PART.finditer(header):
        if part["scheme"]:
            if current:
                yield current
            current = Challenge(part["scheme"].lower(), {})
        if current and part["name"]:
            value = part["value"]
            current.parameters[part["name"].lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    if current:
        yield current


def choose(header: str, *, allow_basic: bool) -> Challenge | Refused:
    """The first Digest challenge that can be answered; Basic only if nothing else is offered and it is allowed."""
    offered = list(challenges(header))
    for challenge in offered:
        if challenge.scheme == "digest" and challenge.get("nonce") and _hash_name(challenge) and _qop(challenge) is not None:
            return challenge
    schemes = {challenge.scheme for challenge in offered}
    if schemes == {"basic"}:
        return offered[0] if allow_basic else Refused.BASIC_ONLY
    return Refused.UNKNOWN


def _hash_name(challenge: Challenge) -> str | None:
    return _HASHES.get(challenge.get("algorithm", "MD5").upper().removesuffix("-SESS"))


def _qop(challenge: Challenge) -> str | None:
    """``auth``; empty when none is offered (RFC 2069); None when only auth-int is, which is not spoken here."""
    offered = {word.strip().lower() for word in challenge.get("qop").split(",")} - {""}
    return "" if not offered else "auth" if "auth" in offered else None


def sign(challenge: Challenge, who: tuple[str, str], what: tuple[str, str], counted: tuple[int, str]) -> bytes:
    """The ``Authorization`` for a Digest challenge: (username, password), (method, uri), (count from 1, client nonce)."""
    (username, password), (method, uri), (count, cnonce) = who, what, counted
    name, realm, nonce = _hash_name(challenge), challenge.get("realm"), challenge.get("nonce")
    assert name is not None

    def digest(*parts: str) -> str:
        return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret, request, qop = digest(username, realm, password), digest(method, uri), _qop(challenge)
    if challenge.get("algorithm").upper().endswith("-SESS"):
        secret = digest(secret, nonce, cnonce)
    counter = [f"{count:08x}", cnonce, "auth"] if qop else []
    fields = [f'username="{_quote(username)}"', f'realm="{_quote(realm)}"', f'nonce="{_quote(nonce)}"', f'uri="{uri}"']
    fields.append(f'response="{digest(secret, nonce, *counter, request)}"')
    if "algorithm" in challenge.parameters:
        fields.append(f"algorithm={challenge.get('algorithm')}")
    if "opaque" in challenge.parameters:
        fields.append(f'opaque="{_quote(challenge.get("opaque"))}"')
    if qop:
        fields.append(f'qop=auth, nc={count:08x}, cnonce="{cnonce}"')
    return f"Digest {', '.join(fields)}".encode()


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
