"""One canonical JSON encoding for everything that is hashed, signed or compared across processes.

Encoders differ on floats, key order and NaN (see ARCHITECTURE.md, "One encoder"), so nothing that is hashed may be encoded
anywhere else.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)  # dumps makes one per call

_TEXTS = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """Encode to JSON with sorted keys, no blanks and UTF-8; msgspec structs, tuples and dates included.

    Raises ValueError for NaN and infinities, TypeError for what JSON cannot hold.
    """
    builtins = msgspec.to_builtins(value)
    return _ENCODER.encode(builtins).encode()


def canonical_texts(value: object) -> bytes:
    """The same bytes, seven times faster, for values that hold nothing but texts and None: lists, dicts and structs of them.

    Not for numbers: the two encoders write some of them differently.
    """
    return _TEXTS.encode(value)


def digest(value: object) -> str:
    """The SHA-256 of the canonical encoding, as ``sha256:<hex>``."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def builtins(value: object) -> Any:
    """The value as dicts, lists and scalars, ready for any JSON encoder."""
    return msgspec.to_builtins(value)
