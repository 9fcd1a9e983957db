"""The bytes of a source, from a file or a URL, whole or not at all: half a document is never handed on.

The one place where errors of the file system become ProviderErrors.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from controller.sdk.columns.words import MAX_BYTES, FileConfig
from controller.sdk.context import Context
from controller.sdk.errors import Incomplete, Nonsense, NotOffered, ProviderError, Unauthorized, Unreachable
from controller.sdk.reference import Reference

_HTML = re.compile(rb"\s*(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


class NotReadable(Nonsense):
    """A document that is there but is not what was declared; trying again will not change that."""

    retry = False


def short_name(config: FileConfig) -> str:
    """What places are called after: ``members.csv``. Query strings may hold tokens and are left out."""
    if config.url is None:
        return Path(config.path or "").name
    parts = urlsplit(config.url)
    return parts.path.rstrip("/").rpartition("/")[2] or parts.hostname or "url"


def has_html(body: bytes) -> bool:
    """Whether this is a web page: a login form or an error where data was asked for."""
    return _HTML.match(body[:4096]) is not None


async def fetch(config: FileConfig, ctx: Context) -> bytes:
    """The whole document, at most 128 MiB. Raises ProviderError when it is not there, cannot be had, changed while it was read,
    is empty, or is a web page."""
    body = await (
        _from_url(config, ctx) if config.url is not None else asyncio.to_thread(_from_file, ctx.folder / (config.path or ""))
    )
    name = short_name(config)
    if not body.strip():
        raise Incomplete(f"{name} is empty", hint="an empty source never removes anybody; was it being written just now?")
    if has_html(body):
        raise Nonsense(f"{name} is a web page, not data", hint="is it a login page? Check the url and the credentials")
    return body


async def _from_url(config: FileConfig, ctx: Context) -> bytes:
    headers = {name: _revealed(value, ctx) for name, value in config.headers.items()}
    response = await ctx.http.request("GET", "", headers=headers)
    if response.ok and response.status != 206:
        return response.body
    raise _bad_status(response.status, short_name(config), response.url)


def _revealed(value: str | Reference, ctx: Context) -> str:
    if isinstance(value, str):
        return value
    if ctx.reveal is None:
        message = f"a header needs the secret {value}, which cannot be opened here"
        raise Unauthorized(message, hint="run it where secrets can be opened: trueup plan", code="secret-missing")
    return ctx.reveal(value)


def _bad_status(status: int, name: str, url: str) -> ProviderError:
    what = f"{url} answered with status {status} instead of {name}"
    if status == 403:
        return Unauthorized(what, hint="the credentials are known but have no right to read this", code="forbidden")
    if status in (404, 410):
        return NotOffered(what, hint="check the url: there is nothing at this address")
    return Nonsense(what, hint="look at the service, then try again")


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > MAX_BYTES:
                raise NotReadable(f"{path} is larger than {MAX_BYTES // 2**20} MiB", hint="split it, or leave columns out")
            body = file.read(MAX_BYTES + 1)
            after = os.fstat(file.fileno())
    except OSError as problem:
        raise _file_problem(path, problem) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(body) != after.st_size:
        raise Incomplete(f"{path} changed while it was read", hint="try again when whoever writes it has finished")
    return body


def _file_problem(path: Path, problem: OSError) -> ProviderError:
    match problem:
        case FileNotFoundError():
            return Unreachable(f"{path} is not there", hint="a path is relative to the folder of the spec", code="file-missing")
        case IsADirectoryError():
            return NotReadable(f"{path} is a folder", hint="name a file in it")
        case PermissionError():
            return Unauthorized(
                f"{path} may not be read", hint="give the user that runs trueup the right to read it", code="forbidden"
            )
    return Unreachable(f"{path} cannot be read: {problem.strerror}", hint="look at the disk or the network drive")
