"""A multipart/form-data body in memory, as terminals take it (RFC 7578): the description first, the picture after it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """``name`` and ``filename`` are ours, plain ASCII without quotes; an empty filename is left out."""

    name: str
    type: str
    content: bytes
    filename: str = ""


def form(parts: Sequence[Part], token: Callable[[], str] = lambda: secrets.token_hex(16)) -> tuple[str, bytes]:
    """The content type and the body. The boundary cannot be guessed and stands in no part: no picture can end its own part."""
    boundary = token()
    while any(boundary.encode() in part.content for part in parts):
        boundary = token()
    lines: list[bytes] = []
    for part in parts:
        file = f'; filename="{part.filename}"' if part.filename else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part.name}"{file}\r\nContent-Type: {part.type}\r\n\r\n'
        lines += [head.encode(), part.content, b"\r\n"]
    return f"multipart/form-data; boundary={boundary}", b"".join((*lines, f"--{boundary}--\r\n".encode()))
