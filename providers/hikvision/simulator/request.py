"""One request as the terminal sees it: target, JSON or XML body, multipart parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec
from defusedxml import ElementTree

from controller.sdk.simulation import AsgiScope, Receive
from providers.hikvision.simulator.envelope import IsapiError

_BODY_LIMIT = 4 * 1024 * 1024


class Part(NamedTuple):
    """One part of a multipart body."""

    name: str
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Request:
    """``target`` is path and query as they were sent: what Digest signs."""

    method: str
    path: str
    query: dict[str, str]
    target: str
    headers: dict[bytes, bytes]
    client: str
    body: bytes

    @property
    def wants_json(self) -> bool:
        return self.query.get("format") == "json"

    @property
    def content_type(self) -> str:
        return self.headers.get(b"content-type", b"").decode("latin-1")

    def json(self) -> Any:
        """The JSON body. Refuses a body that does not announce itself as JSON, as several firmwares do."""
        if not self.content_type.lower().startswith("application/json"):
            raise IsapiError("badJsonContent")
        return decoded(self.body)

    def json_root(self, name: str) -> dict[str, Any]:
        """The object under the root ``name``; a missing root is named in the error."""
        whole = self.json()
        if not isinstance(whole, dict):
            raise IsapiError("badJsonFormat")
        root = whole.get(name)
        if root is None:
            raise IsapiError("MessageParametersLack", name)
        if not isinstance(root, dict):
            raise IsapiError("badJsonFormat", name)
        return root

    def xml(self) -> dict[str, str]:
        """Local names of the root's children with their texts."""
        if "xml" not in self.content_type.lower():
            raise IsapiError("badXmlContent")
        try:
            root = ElementTree.fromstring(self.body, forbid_dtd=True)
        except (ElementTree.ParseError, ValueError) as error:
            raise IsapiError("badXmlFormat") from error
        return {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in root}

    def parts(self) -> list[Part]:
        """The parts of a multipart body, in their order."""
        boundary = self.content_type.partition("boundary=")[2].partition(";")[0].strip('" ')
        if not boundary:
            raise IsapiError("badJsonFormat")
        return list(_parts(self.body, b"--" + boundary.encode("latin-1")))


def decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise IsapiError("badJsonFormat") from error


def _parts(body: bytes, boundary: bytes) -> Iterator[Part]:
    for chunk in body.split(boundary)[1:]:
        head, blank, content = chunk.partition(b"\r\n\r\n")
        if not blank:
            continue
        headers = dict(_header(line) for line in head.decode("utf-8", "replace").split("\r\n") if ":" in line)
        name = headers.get("content-disposition", "").partition("name=")[2].partition(";")[0].strip('" ')
        yield Part(name, headers.get("content-type", ""), content.removesuffix(b"\r\n"))


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


async def read_request(scope: AsgiScope, receive: Receive) -> Request:
    query = scope["query_string"].decode("latin-1")
    raw = scope.get("raw_path") or scope["path"].encode()
    target = raw.decode("latin-1") + ("?" + query if query else "")
    flat = {name: values[0] for name, values in parse_qs(query).items()}
    client = (scope.get("client") or ("",))[0]
    headers = dict(scope["headers"])
    return Request(scope["method"], scope["path"], flat, target, headers, client, await _read_body(receive))


async def _read_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False) and sum(map(len, chunks)) <= _BODY_LIMIT
    return b"".join(chunks)
