"""Who may talk to the terminal: Digest (RFC 7616), Basic on old firmware, dying nonces, and the lock after failed logins.

Source: facts on Hikvision terminals, sections 3.2 and 3.3. One lock per source address. A request without credentials never
counts as a failed login; whether Basic where it is not offered and a dead nonce count is a switch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from controller.sdk.simulation import Answer, check_basic
from providers.hikvision.simulator.envelope import xml_answer
from providers.hikvision.simulator.request import Request
from providers.hikvision.simulator.state import Device

MAX_FAILURES = 5
LOCK_SECONDS = 1800
_NONCES_KEPT = 512
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_HTML = b"<!DOCTYPE html><html><head><title>Document Error: Unauthorized</title></head><body>Access Error: 401</body></html>"


@dataclass
class _Nonce:
    born: float
    uses: int = 0
    last_count: int = 0
    target: str = ""


@dataclass
class _Logins:
    failures: int = 0
    locked_until: float = 0.0


@dataclass
class Gate:
    """Decides about every request before anything else does."""

    device: Device
    username: str
    password: str = field(repr=False)
    nonces: dict[str, _Nonce] = field(default_factory=dict, repr=False)
    logins: dict[str, _Logins] = field(default_factory=dict, repr=False)
    _issued: int = 0

    def __post_init__(self) -> None:
        self.device.standing = self.standing

    def refuse(self, request: Request) -> Answer | None:
        """None when the request may pass, otherwise the 401."""
        header = request.headers.get(b"authorization")
        if header is None:
            return self._unauthorized(request)
        logins = self._logins(request.client)
        if self._seconds_locked(logins) > 0:
            return self._unauthorized(request)
        scheme = header.partition(b" ")[0].lower()
        if scheme == b"basic":
            return self._basic(request, logins)
        if scheme != b"digest" or self._style == "basic":
            return self._failed(request, logins)
        return self._digest(request, logins, dict(_fields(header.decode("latin-1"))))

    def standing(self, client: str) -> dict[str, Any]:
        """What Security/userCheck tells besides its status: the password's state, the lock in seconds and attempts."""
        logins = self._logins(client)
        seconds = self._seconds_locked(logins)
        return {
            "isDefaultPassword": False,
            "isRiskPassword": False,
            "isActivated": True,
            "residualValidity": -1,
            "lockStatus": "locked" if seconds > 0 else "unlock",
            "unlockTime": round(seconds),
            "retryLoginTime": 0 if seconds > 0 else MAX_FAILURES - logins.failures,
        }

    def unlock(self) -> None:
        """Forget failed logins, as a restart does."""
        self.logins.clear()

    def _basic(self, request: Request, logins: _Logins) -> Answer | None:
        offered = self._style in ("basic", "basic+digest")
        if offered and check_basic(request.headers.items(), self.username, self.password):
            logins.failures = 0
            return None
        if offered or self.device.quirks.basic_counts:
            return self._failed(request, logins)
        return self._unauthorized(request)

    def _digest(self, request: Request, logins: _Logins, said: dict[str, str]) -> Answer | None:
        if not self._signed(request, said):
            return self._failed(request, logins)
        if not self._alive(request, said):
            quirks = self.device.quirks
            if quirks.dead_nonce_counts:
                self._count_failure(logins)
            return self._unauthorized(request, challenge=not quirks.no_challenge)
        logins.failures = 0
        return None

    def _signed(self, request: Request, said: dict[str, str]) -> bool:
        """Whether username, target and response are right, whatever the nonce is worth."""
        digest = _sha256 if self._style == "sha256" else _md5
        wanted = "SHA-256" if self._style == "sha256" else "MD5"
        if said.get("username") != self.username or said.get("uri") != request.target or said.get("qop") != "auth":
            return False
        if said.get("algorithm", "MD5").upper() != wanted or said.get("realm") != self._realm:
            return False
        ha1 = digest(f"{self.username}:{self._realm}:{self.password}")
        ha2 = digest(f"{request.method}:{request.target}")
        middle = ":".join(said.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        return said.get("response") == digest(f"{ha1}:{middle}:{ha2}")

    def _alive(self, request: Request, said: dict[str, str]) -> bool:
        quirks, nonce = self.device.quirks, self.nonces.get(said["nonce"])
        if nonce is None:
            return False
        count = _hex(said.get("nc", ""))
        nonce.uses += 1
        nonce.target = nonce.target or request.path
        alive = (
            not (quirks.nonce_uses and nonce.uses > quirks.nonce_uses)
            and not (quirks.nonce_ttl and self.device.clock.monotonic() - nonce.born > quirks.nonce_ttl)
            and not (quirks.nonce_binds_url and nonce.target != request.path)
            and not (quirks.strict_nonce_count and count <= nonce.last_count)
        )
        nonce.last_count = max(nonce.last_count, count)
        return alive

    def _failed(self, request: Request, logins: _Logins) -> Answer:
        self._count_failure(logins)
        return self._unauthorized(request)

    def _count_failure(self, logins: _Logins) -> None:
        logins.failures += 1
        if logins.failures >= MAX_FAILURES:
            logins.failures = 0
            logins.locked_until = self.device.clock.monotonic() + LOCK_SECONDS

    def _logins(self, client: str) -> _Logins:
        return self.logins.setdefault(client, _Logins())

    def _seconds_locked(self, logins: _Logins) -> float:
        return max(0.0, logins.locked_until - self.device.clock.monotonic()) if logins.locked_until else 0.0

    @property
    def _style(self) -> str:
        return self.device.quirks.auth_style

    @property
    def _realm(self) -> str:
        return "IP Camera(00000)" if self._style == "old" else self.device.profile.model

    def _unauthorized(self, request: Request, *, challenge: bool = True) -> Answer:
        headers = tuple((b"www-authenticate", line.encode()) for line in self._challenges()) if challenge else ()
        if self._style == "old":
            return Answer(401, _HTML, ((b"content-type", b"text/html"), *headers))
        body = {"statusValue": 401, "statusString": "Unauthorized", **self.standing(request.client)}
        answer = xml_answer(self.device.quirks, "userCheck", body, 401)
        return Answer(401, answer.body, answer.headers + headers)

    def _challenges(self) -> list[str]:
        realm = self._realm
        if self._style == "basic":
            return [f'Basic realm="{realm}"']
        nonce = self._new_nonce()
        if self._style == "old":
            return [f'Digest qop="auth", realm="{realm}", nonce="{nonce}", stale="FALSE"']
        algorithm = "SHA-256" if self._style == "sha256" else "MD5"
        digest = (
            f'Digest realm="{realm}", domain="::", qop="auth", nonce="{nonce}", opaque="", algorithm="{algorithm}", stale="FALSE"'
        )
        return [f'Basic realm="{realm}"', digest] if self._style == "basic+digest" else [digest]

    def _new_nonce(self) -> str:
        self._issued += 1
        nonce = _md5(f"{self.device.serial}:{self._issued}:{self.password}")
        if self._style != "old":
            nonce += f":{int(self.device.clock.now().timestamp() * 1000)}"
        self.nonces[nonce] = _Nonce(self.device.clock.monotonic())
        if len(self.nonces) > _NONCES_KEPT:
            del self.nonces[next(iter(self.nonces))]
        return nonce


def _fields(header: str) -> list[tuple[str, str]]:
    return [(match[1].lower(), match[2] if match[2] is not None else match[3]) for match in _FIELD.finditer(header)]


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _hasher(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


_md5, _sha256 = _hasher("md5"), _hasher("sha256")
