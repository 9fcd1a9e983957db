"""The sealed store: values encrypted with AES-256-GCM and bound to their names, so that two rows cannot be swapped."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from controller.model.errors import KeyUnusable, SecretMissing
from controller.sdk.context import Clock
from controller.state.fitting import must_still_fit
from controller.state.keys import Keys
from controller.state.rows import stamp
from controller.state.statements import statements
from controller.state.writer import Store


class Vault:
    """The sealed secrets as they were at one moment, opened one by one when asked for."""

    def __init__(self, sealed: Mapping[str, bytes], keys: Keys) -> None:
        self._sealed = sealed
        self._keys = keys

    def __repr__(self) -> str:
        return f"Vault({len(self._sealed)} secrets)"

    def get(self, name: str) -> str:
        """Raises SecretMissing for an unknown name, KeyUnusable for another key or a row that was changed."""
        try:
            blob = self._sealed[name]
        except KeyError:
            raise _unknown(name) from None
        return _open(self._keys, name, blob)


class Secrets:
    def __init__(self, store: Store, clock: Clock, keys: Keys | None) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._sql = statements("secrets")

    async def set(self, name: str, value: str) -> None:
        """Seal a value under a name, over what stood there."""
        keys = self._need_keys()
        row = (name, keys.seal(context(name), value.encode()), stamp(self._clock.now()))

        def work(conn: sqlite3.Connection) -> None:
            must_still_fit(conn, keys, self._store.path)
            conn.execute(self._sql.set, row)

        await self._store.write(work)

    async def get(self, name: str) -> str:
        """Raises SecretMissing for an unknown name, KeyUnusable for another key or a row that was changed."""
        keys = self._need_keys()
        row = await self._store.read(lambda conn: conn.execute(self._sql.get, (name,)).fetchone())
        if row is None:
            raise _unknown(name)
        return _open(keys, name, bytes(row[0]))

    async def vault(self) -> Vault:
        """All of them, still sealed, for who must open them without waiting."""
        keys = self._need_keys()
        rows = await self._store.read(lambda conn: conn.execute(self._sql.all).fetchall())
        return Vault({name: bytes(blob) for name, blob in rows}, keys)

    async def names(self) -> list[tuple[str, str]]:
        """(name, when it was set), by name. Needs no key."""
        return await self._store.read(lambda conn: conn.execute(self._sql.names).fetchall())

    async def remove(self, name: str) -> bool:
        """False when there was none of that name."""
        return await self._store.write(lambda conn: conn.execute(self._sql.remove, (name,)).rowcount) > 0

    def _need_keys(self) -> Keys:
        if self._keys is None:
            raise KeyUnusable("secrets are sealed, and no key was given", hint="set TRUEUP_KEY or restore the key file")
        return self._keys


def context(name: str) -> str:
    """What a secret's seal is bound to."""
    return f"secret\0{name}"


def _open(keys: Keys, name: str, blob: bytes) -> str:
    try:
        return keys.open(context(name), blob).decode()
    except KeyUnusable as error:
        raise KeyUnusable(f"the secret {name!r} cannot be opened: {error.message}", hint=error.hint) from None


def _unknown(name: str) -> SecretMissing:
    return SecretMissing(f"there is no secret named {name!r} in the sealed store", hint=f"trueup secrets set {name}")
