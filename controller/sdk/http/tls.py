"""How a server proves who it is: one TLS context per setting, shared by all clients because one costs 20-30 ms to build.

A pinned certificate is compared inside the handshake, so a server with another one never sees a byte of a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import ssl
from functools import lru_cache
from hmac import compare_digest

import certifi

from controller.sdk.context import Tls


class PinMismatch(ssl.SSLError):
    """The server showed another certificate than the pinned one; ``found`` is the SHA-256 of the one it showed."""

    def __init__(self, found: str) -> None:
        super().__init__(1, "the certificate is not the pinned one")
        self.found = found


def plain_pin(text: str) -> str:
    """A SHA-256 as 64 lower-case hex digits, whether written with colons, blanks or a ``sha256:`` prefix."""
    return re.sub(r"[\s:]", "", text.strip().lower().removeprefix("sha256:").removeprefix("sha-256:"))


@lru_cache(maxsize=256)
def context_for(tls: Tls) -> ssl.SSLContext:
    """The context for a setting. ``verify`` asks the system's authorities, or certifi's where the system has none."""
    if tls.mode == "verify":
        paths = ssl.get_default_verify_paths()
        return ssl.create_default_context(cafile=None if paths.cafile or paths.capath else certifi.where())
    context = _trusting()
    if tls.mode == "pin":
        context.sslobject_class = _pinned(plain_pin(tls.pin))
    return context


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _pinned(pin: str) -> type[ssl.SSLObject]:
    class PinnedObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            found = hashlib.sha256(self.getpeercert(True) or b"").hexdigest()
            if not compare_digest(found, pin):
                raise PinMismatch(found)

    return PinnedObject


async def fingerprint(host: str, port: int, seconds: float) -> str:
    """The SHA-256 of the certificate a server shows, by a handshake alone; empty when it shows none in time."""
    with contextlib.suppress(OSError):  # TimeoutError and ssl.SSLError are OSErrors
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, ssl=_trusting(), server_hostname=host)
            try:
                certificate = writer.get_extra_info("ssl_object").getpeercert(True)
            finally:
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        return hashlib.sha256(certificate or b"").hexdigest()
    return ""


_VERDICTS = {
    9: "its certificate is not valid yet (is this machine's clock right?)",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate comes from an authority that this machine does not trust",
    20: "its certificate comes from an authority that this machine does not know",
    21: "its certificate comes from an authority that this machine does not know",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}


def verdict(error: ssl.SSLError) -> str:
    """What is wrong with the certificate or the handshake, in plain words (codes of OpenSSL's x509_vfy.h)."""
    if isinstance(error, PinMismatch):
        return "it shows another certificate than the pinned one"
    # Only OpenSSL's own errors have the attributes that ssl documents; errors that Python raises itself have none.
    if isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_code"):
        return _VERDICTS.get(error.verify_code, f"its certificate is not accepted: {error.verify_message}")
    reason = getattr(error, "reason", None) or str(error.strerror)
    return f"no secure connection could be agreed on ({reason.replace('_', ' ').lower()})"
