"""One master key, and keys derived from it for sealing, signing and fingerprints. Nothing here prints or stores a value."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from controller.model.errors import KeyUnusable

FILE = "key"
VARIABLE = "TRUEUP_KEY"
_BYTES = 32
_FORMAT = b"\x01"  # of sealed content: format, 12 bytes nonce, ciphertext with tag


class Keys:
    """Made from 32 random bytes. Fingerprints are keyed, so that nobody can look for a card number by trying all of them."""

    def __init__(self, master: bytes) -> None:
        if len(master) != _BYTES:
            raise KeyUnusable(f"the key holds {len(master)} bytes, it must be {_BYTES}")
        self._aead = AESGCM(_derive(master, "sealing"))
        self._signing = _derive(master, "signing")
        self._fingerprints = hashlib.blake2b(key=_derive(master, "fingerprints"), digest_size=16)

    def __repr__(self) -> str:
        return "Keys(***)"

    def __reduce__(self) -> str:
        raise TypeError("keys are never pickled")

    def seal(self, context: str, data: bytes) -> bytes:
        """Encrypt so that it opens only under the same ``context`` (the record's identity)."""
        nonce = os.urandom(12)
        return _FORMAT + nonce + self._aead.encrypt(nonce, data, context.encode())

    def open(self, context: str, blob: bytes) -> bytes:
        """What was sealed; raises KeyUnusable when the key or the context is another one, or a bit was changed."""
        try:
            if blob[:1] != _FORMAT:
                raise InvalidTag
            return self._aead.decrypt(blob[1:13], blob[13:], context.encode())
        except (InvalidTag, ValueError):
            raise KeyUnusable(
                "something sealed cannot be opened: it was sealed with another key, or was changed since",
                hint=f"use the key that it was sealed with ({VARIABLE} or the file {FILE} beside the state)",
            ) from None

    def sign(self, data: bytes) -> str:
        """HMAC-SHA-256 as hex."""
        return hmac.new(self._signing, data, hashlib.sha256).hexdigest()

    def verify(self, data: bytes, signature: str) -> bool:
        return hmac.compare_digest(self.sign(data).encode(), signature.encode())

    def fingerprint(self, value: bytes) -> str:
        """Keyed BLAKE2b, 16 bytes as hex."""
        state = self._fingerprints.copy()
        state.update(value)
        return state.hexdigest()


def load_keys(folder: Path, env: Mapping[str, str]) -> Keys:
    """The keys from TRUEUP_KEY, else from ``folder/key`` (``folder`` is ``.trueup``). Raises KeyUnusable."""
    if VARIABLE in env:
        return Keys(_decode(env[VARIABLE], f"the environment variable {VARIABLE}"))
    path = folder / FILE
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeyUnusable(f"the key file {path} can be read by others (mode {mode:04o})", hint=f"chmod 600 {path}")
            content = file.read(1024)
    except FileNotFoundError:
        raise KeyUnusable(
            f"there is no key: neither {VARIABLE} nor the file {path}",
            hint=f"bring back the key that this state was made with, or set {VARIABLE} to its content; a new key would not open it",
        ) from None
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be read: {error.strerror}", hint="check who owns it") from None
    return Keys(_decode(content.decode("ascii", "replace"), f"the key file {path}"))


def create_key(folder: Path) -> Keys:
    """Make ``folder/key`` (0600) from fresh random bytes; raises KeyUnusable when there is one already or it cannot be written."""
    path = folder / FILE
    master = os.urandom(_BYTES)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        if not folder.is_dir():
            raise KeyUnusable(f"{folder} is no folder", hint="--state (or TRUEUP_STATE) names the folder of the state") from None
        raise KeyUnusable(f"there is a key already: {path}", hint="keep it: what it sealed opens with nothing else") from None
    except OSError as error:
        raise KeyUnusable(
            f"the key file {path} cannot be made: {error.strerror}", hint=f"check that {folder} is writable"
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(master) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink()  # half a key is none, and would stand in the way of the next try
        raise KeyUnusable(f"the key file {path} cannot be written: {error.strerror}", hint="free some space") from None
    return Keys(master)


def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"trueup/1/{purpose}".encode()).derive(master)


def _decode(text: str, where: str) -> bytes:
    """The 32 bytes; the error says what is wrong and never what stood there."""
    hint = "it must be 32 random bytes in base64, for example from: head -c 32 /dev/urandom | base64"
    if not text.strip():
        raise KeyUnusable(f"{where} is empty", hint=hint)
    try:
        master = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise KeyUnusable(f"{where} is not base64", hint=hint) from None
    if len(master) != _BYTES:
        raise KeyUnusable(f"{where} holds {len(master)} bytes, it must be {_BYTES}", hint=hint)
    return master
