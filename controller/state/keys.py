"""One master key: keys for sealing and signing are derived from it, and it seals the state's own fingerprint key.

The fingerprint key is random, made with the state and kept in it, sealed. So the master can be exchanged (``secrets rotate``) while
every fingerprint in the inventory stays true: they cannot be made anew without reading every device. Nothing here prints a value.
"""

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
NEXT = "key.new"  # while a rotation is under way
LAST = "key.old"
VARIABLE = "TRUEUP_KEY"
_BYTES = 32
_FORMAT = b"\x01"  # of sealed content: format, 12 bytes nonce, ciphertext with tag


_FINGERPRINTS = "fingerprint-key\0"  # context under which a state's fingerprint key is sealed; the workspace follows


class Keys:
    """Made from 32 random bytes. Fingerprints are keyed, so that nobody can look for a card number by trying all of them.

    ``rotated`` is when these keys took the place of others (a UTC text), empty when they are the first.
    """

    def __init__(self, master: bytes, fingerprint_key: bytes | None = None, rotated: str = "") -> None:
        if len(master) != _BYTES:
            raise KeyUnusable(
                f"the key holds {len(master)} bytes, it must be {_BYTES}", hint="bring back the whole key from its copy"
            )
        self._master = master
        self._aead = AESGCM(_derive(master, "sealing"))
        self._signing = _derive(master, "signing")
        self._fingerprint_key = fingerprint_key or _derive(master, "fingerprints")  # until a state gives its own
        self._fingerprints = hashlib.blake2b(key=self._fingerprint_key, digest_size=16)
        self.rotated = rotated

    def __repr__(self) -> str:
        return "Keys(***)"

    def __reduce__(self) -> str:
        raise TypeError("keys are never pickled")

    def wrap(self, workspace: str, other: Keys | None = None) -> bytes:
        """The fingerprint key of ``other`` sealed with this one; a fresh random one without ``other``."""
        return self.seal(_FINGERPRINTS + workspace, other._fingerprint_key if other else os.urandom(_BYTES))

    def with_fingerprints(self, workspace: str, wrapped: bytes, rotated: str = "") -> Keys:
        """These keys with a state's own fingerprint key; raises KeyUnusable when it was wrapped by another key."""
        return Keys(self._master, self.open(_FINGERPRINTS + workspace, wrapped), rotated)

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
        return read_key(path)
    except FileNotFoundError:
        raise KeyUnusable(
            f"there is no key: neither {VARIABLE} nor the file {path}",
            hint=f"bring back the key that this state was made with, or set {VARIABLE} to its content; a new key would not open it",
        ) from None


def read_key(path: Path) -> Keys:
    """The keys of a key file; raises FileNotFoundError, or KeyUnusable for one that cannot be used."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeyUnusable(
                    f"the key file {path} can be read by others (mode {mode:04o})",
                    hint=f"who reads it can open every password that is kept here: chmod 600 {path}",
                )
            content = file.read(1024)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be read: {error.strerror}", hint="check who owns it") from None
    return Keys(_decode(content.decode("ascii", "replace"), f"the key file {path}"))


def create_key(folder: Path, name: str = FILE) -> Keys:
    """Make ``folder/key`` (0600) from fresh random bytes; raises KeyUnusable when there is one already or it cannot be written."""
    path = folder / name
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
    hint = (
        "bring back the key that this state was made with, 32 bytes in base64; a new one opens a new state only: "
        "head -c 32 /dev/urandom | base64"
    )
    if not text.strip():
        raise KeyUnusable(f"{where} is empty", hint=hint)
    try:
        master = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise KeyUnusable(f"{where} is not base64", hint=hint) from None
    if len(master) != _BYTES:
        raise KeyUnusable(f"{where} holds {len(master)} bytes, it must be {_BYTES}", hint=hint)
    return master
