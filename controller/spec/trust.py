"""The trust file: which secret may go to which hosts. It stands outside the specs, so that who may change a URL cannot redirect
a password. It judges references and never sees a value.

    secrets:
      env:IVMS_PASSWORD: [192.168.1.100, "*.example.org"]
      each:terminals/password: ["*.doors.example.org"]      # the field of a source that forEach takes passwords from
      secret:cardskipper: [api.cardskipper.se]
      file:/etc/trueup/door: [192.168.1.101]
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from controller.model.errors import SpecInvalid
from controller.sdk.reference import Reference, origin_of
from controller.spec.documents import Document, Reading, read_documents

_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9_-]*[a-z0-9])?")
_KINDS = ("env", "secret", "file", "each")


class Trust:
    """What was bound: ``env:NAME``, ``secret:NAME`` or ``file:/absolute/path`` to host patterns."""

    def __init__(self, bound: Mapping[str, tuple[str, ...]], path: Path = Path()) -> None:
        self.path = path
        self._bound = dict(bound)

    def allows(self, reference: Reference, host: str, folder: Path = Path()) -> bool:
        """Whether this secret may be sent to this host. Unbound is refused; ``plain`` is no secret.

        ``folder`` is where the reference's relative path begins. ``*.example.org`` covers every host below example.org, not
        example.org itself.
        """
        if reference.plain is not None:
            return True
        patterns = self._bound.get(_name(reference, folder), ())
        wanted = normal_host(host)
        return bool(wanted) and any(covers_host(pattern, wanted) for pattern in patterns)


def load_trust(path: Path, specs: Sequence[Path] = ()) -> Trust:
    """Read a trust file; raises SpecInvalid with every problem, also when it lies among the specs that it is to guard."""
    if not path.exists():
        raise SpecInvalid((), f"the trust file {path} cannot be used: there is no such file", hint=_EXAMPLE)
    reading = read_documents([path])
    _refuse_inside(path, specs, reading)
    bound = dict(_bindings(reading, path.absolute().parent))
    if not reading.documents and not reading.findings.errors:
        reading.findings.file(str(path), "empty-trust", "this trust file binds nothing", detail=_EXAMPLE)
    if reading.findings.errors:
        found = reading.findings.diagnostics()
        raise SpecInvalid(
            tuple(found), f"the trust file {path} cannot be used: {found[0].place}: {found[0].summary}", hint=found[0].detail
        )
    return Trust(bound, path)


_EXAMPLE = 'Write for example  secrets: {"env:IVMS_PASSWORD": ["192.168.1.100"]}'


def _refuse_inside(path: Path, specs: Sequence[Path], reading: Reading) -> None:
    real = path.resolve()
    for root in specs:
        top = root.resolve()
        if real == top or (top.is_dir() and top in real.parents):
            reading.findings.file(
                str(path), "trust-inside-specs", f"it lies inside the specs ({root}): who may change a spec could change it too",
                detail="Keep it where only the operator writes, and name it with --trust.",
            )  # fmt: skip


def _bindings(reading: Reading, folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for document in reading.documents[1:]:
        reading.findings.add(document.value(), "several-documents", "a trust file is one document", detail="Remove the `---`.")
    for document in reading.documents[:1]:
        yield from _of_document(document, reading, folder)


def _of_document(document: Document, reading: Reading, folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("secrets"), dict):
        reading.findings.add(document.value(), "no-secrets", "there is no `secrets` with bindings in it", detail=_EXAMPLE)
        return
    for key in data:
        if key != "secrets":
            reading.findings.add(document.key(key), "unknown-key", f"unknown key {key!r}: a trust file holds `secrets` only")
    for name, hosts in data["secrets"].items():
        kind, colon, rest = name.partition(":")
        if kind not in _KINDS or not colon or not rest:
            reading.findings.add(
                document.key("secrets", name), "unknown-reference", f"{name!r} names no secret",
                detail="Write env:NAME, secret:NAME, file:PATH or each:SOURCE/FIELD.",
            )  # fmt: skip
            continue
        wanted = tuple(_hosts(document, reading, name, hosts))
        yield (f"file:{_path(rest, folder)}" if kind == "file" else name), wanted


def _hosts(document: Document, reading: Reading, name: str, hosts: object) -> Iterator[str]:
    if not isinstance(hosts, list):
        reading.findings.add(
            document.value("secrets", name), "wrong-type", f"{name} must be followed by a list of hosts", detail=_EXAMPLE
        )
        return
    for index, host in enumerate(hosts):
        normal = normal_host(host) if isinstance(host, str) else ""
        if is_host_pattern(normal):
            yield normal
        else:
            reading.findings.add(
                document.value("secrets", name, index), "bad-host", f"{host!r} is no host",
                detail="Write a host name or an address without scheme, port or path; `*.example.org` covers all hosts below it.",
            )  # fmt: skip


def _name(reference: Reference, folder: Path) -> str:
    match reference:
        case Reference(env=str(name)):
            return f"env:{name}"
        case Reference(secret=str(name)):
            return f"secret:{name}"
        case Reference(each=str(name)):
            return f"each:{origin_of(name)}"
    return f"file:{_path(reference.file or '', folder)}"


def _path(text: str, folder: Path) -> str:
    # The real file: the same words from another folder, or a link, must not borrow what was bound to this one.
    return os.path.realpath(folder.absolute() / text)


def normal_host(host: str) -> str:
    """Lower case, no final dot, no brackets, IDNA; addresses in their one short form. Empty for what is no host."""
    text = host.strip().lower().removesuffix(".").removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    try:
        return text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def is_host_pattern(host: str) -> bool:
    if is_address(host):
        return True
    return bool(_HOST.fullmatch(host)) and not (host.startswith("*.") and "." not in host[2:])


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def covers_host(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern) and not is_address(host)
    return host == pattern
