"""Certificates over real TLS sockets: what is accepted, and that nothing is sent to a server that is not."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller.sdk import Endpoint, SystemClock, Tls, Unreachable
from controller.sdk.http import Http
from controller.sdk.http.tls import context_for, fingerprint, plain_pin

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Certificate:
    file: Path
    sha256: str

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context


def _make(folder: Path, name: str, days: int = 30) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(secret + certificate.public_bytes(pem))
    return Certificate(file, hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return _make(tmp_path_factory.mktemp("tls"), "front-door")


class Listener:
    """A TLS server that keeps every byte it decrypts."""

    def __init__(self) -> None:
        self.heard = b""
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while b"\r\n\r\n" not in self.heard:
                part = await reader.read(1000)
                if not part:
                    return
                self.heard += part
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            await writer.drain()
        except (OSError, asyncio.CancelledError):
            return
        finally:
            writer.transport.abort()


@asynccontextmanager
async def _listen(certificate: Certificate | None) -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener.handle, "127.0.0.1", 0, ssl=certificate.context() if certificate else None)
    listener.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield listener
    finally:
        server.close()
        await asyncio.sleep(0.05)


def _http(url: str, tls: Tls) -> Http:
    endpoint = Endpoint(url, scheme="basic", tls=tls, connect=2.0, read=2.0)
    return Http(endpoint, username="admin", password="do-not-leak", clock=SystemClock())


async def test_the_pinned_certificate_is_accepted_however_the_pin_is_written(certificate: Certificate) -> None:
    colons = ":".join(certificate.sha256[at : at + 2] for at in range(0, 64, 2)).upper()
    for pin in (certificate.sha256, colons, f"sha256:{certificate.sha256}"):
        async with _listen(certificate) as listener, _http(listener.url, Tls("pin", pin)) as http:
            assert (await http.request("GET", "/")).body == b"hi"


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_another_certificate_gets_no_byte_of_the_request(certificate: Certificate, newest: ssl.TLSVersion) -> None:
    class Limited(Certificate):
        def context(self) -> ssl.SSLContext:
            context = super().context()
            context.maximum_version = newest
            return context

    async with (
        _listen(Limited(certificate.file, certificate.sha256)) as listener,
        _http(listener.url, Tls("pin", "ab" * 32)) as http,
    ):
        with pytest.raises(Unreachable, match="another certificate than the pinned one") as caught:
            await http.request("POST", "/", content=b"secret body")
        await asyncio.sleep(0.05)
        assert listener.heard == b""
    assert certificate.sha256 in caught.value.hint and caught.value.code == "tls"


async def test_an_empty_pin_accepts_nothing(certificate: Certificate) -> None:
    async with _listen(certificate) as listener, _http(listener.url, Tls("pin")) as http:
        with pytest.raises(Unreachable):
            await http.request("GET", "/")
        assert listener.heard == b""


async def test_a_self_signed_certificate_is_refused_with_the_fingerprint_to_pin(certificate: Certificate) -> None:
    async with _listen(certificate) as listener, _http(listener.url, Tls()) as http:
        with pytest.raises(Unreachable, match="self-signed") as caught:
            await http.request("GET", "/")
        assert listener.heard == b""
    assert f"tls.pin: {certificate.sha256}" in caught.value.hint


async def test_an_expired_certificate_is_called_expired(tmp_path: Path) -> None:
    expired = _make(tmp_path, "old", days=-1)
    context = ssl.create_default_context(cafile=str(expired.file))
    async with _listen(expired) as listener, _http(listener.url, Tls()) as http:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("controller.sdk.http.wire.context_for", lambda tls: context)
            with pytest.raises(Unreachable, match="expired"):
                await http.request("GET", "/")


async def test_off_accepts_any_certificate(certificate: Certificate) -> None:
    async with _listen(certificate) as listener, _http(listener.url, Tls("off")) as http:
        assert (await http.request("GET", "/")).ok


async def test_https_to_a_port_that_speaks_plain_http_is_explained() -> None:
    async with _listen(None) as listener, _http(listener.url, Tls("off")) as http:
        with pytest.raises(Unreachable) as caught:
            await http.request("GET", "/")
    assert caught.value.message and b"do-not-leak" not in listener.heard


async def test_the_fingerprint_of_nobody_is_empty() -> None:
    async with _listen(None) as listener:
        port = int(listener.url.rpartition(":")[2])
        assert await fingerprint("127.0.0.1", port, 0.2) == ""


def test_clients_share_one_context_per_setting() -> None:
    assert context_for(Tls()) is context_for(Tls())
    assert context_for(Tls("off")) is not context_for(Tls("pin", "a"))


def test_a_system_without_authorities_uses_those_of_certifi(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ssl.get_default_verify_paths()
    nothing = ssl.DefaultVerifyPaths(None, None, *found[2:])  # type: ignore[arg-type]  # typeshed forgets that both may be missing
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    assert context_for.__wrapped__(Tls()).cert_store_stats()["x509_ca"] > 50


def test_pins_are_compared_without_their_dress() -> None:
    assert plain_pin(" SHA256:AB:CD ef ") == "abcdef"
