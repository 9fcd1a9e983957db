"""Supabase's storage beside the tables: buckets of files, handed out to everybody or with a bearer token only.

Its oddity is kept: whatever is wrong is answered with status 400, and the status that is meant stands in the body as a text.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from controller.sdk.simulation import Answer

PREFIX = "/storage/v1/object/"


@dataclass
class Bucket:
    """``files``: their bytes by path. A ``public`` bucket asks nobody for a token."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    public: bool = False

    @classmethod
    def of_folder(cls, folder: Path, *, public: bool) -> Bucket:
        """Every file below the folder. Raises ValueError when there is no such folder."""
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder} for a bucket")
        files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
        return cls(files, public)


def handed_out(buckets: Mapping[str, Bucket], path: str, token: str, accepted: Callable[[str], bool]) -> Answer:
    """The file at ``/storage/v1/object/(public|authenticated)/BUCKET/PATH``, or what the storage says instead.

    ``token`` is the bearer token, empty without one; ``accepted`` says whether it is good.
    """
    way, _, rest = path.removeprefix(PREFIX).partition("/")
    name, _, file = rest.partition("/")
    if way not in ("public", "authenticated"):
        return _refused("404", "not_found", f"Route GET:{path} not found")
    if way == "authenticated" and not token:
        return _refused("400", "Error", "headers must have required property 'authorization'")
    if way == "authenticated" and not accepted(token):
        return _refused("403", "Unauthorized", "Invalid Compact JWS")
    bucket = buckets.get(unquote(name))
    if bucket is None or (way == "public" and not bucket.public):
        return _refused("404", "Bucket not found", "Bucket not found")
    body = bucket.files.get(unquote(file))
    return _refused("404", "not_found", "Object not found") if body is None else _file(unquote(file), body)


def _file(name: str, body: bytes) -> Answer:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    tag = hashlib.sha256(body).hexdigest()[:32]
    return Answer(200, body, ((b"content-type", kind.encode()), (b"cache-control", b"no-cache"), (b"etag", f'"{tag}"'.encode())))


def _refused(status: str, error: str, message: str) -> Answer:
    body = {"statusCode": status, "error": error, "message": message}
    return Answer(400, json.dumps(body).encode(), ((b"content-type", b"application/json; charset=utf-8"),))
