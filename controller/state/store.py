"""The state of a workspace: opened once, then one small repository per meaning."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from controller.sdk.context import Clock
from controller.state import opening
from controller.state.faults import damaged, unusable
from controller.state.fitting import fit, value
from controller.state.keys import Keys
from controller.state.retention import prune
from controller.state.rows import stamp
from controller.state.tables.events import Conditions, Events
from controller.state.tables.inventory import Inventory
from controller.state.tables.journal import Journal, Outcomes
from controller.state.tables.names import Names
from controller.state.tables.origins import Origins
from controller.state.tables.past import Past
from controller.state.tables.runs import Runs
from controller.state.tables.secrets import Secrets
from controller.state.tables.targets import Logins, Protections, Targets
from controller.state.writer import Store


class State:
    """``async with State.open(...) as state`` closes it at the end. ``keys`` make its fingerprints."""

    def __init__(self, store: Store, workspace: str, keys: Keys | None, clock: Clock) -> None:
        self.store = store
        self.workspace = workspace
        self.keys = keys
        self.clock = clock
        self.inventory = Inventory(store)
        self.names = Names(store)
        self.runs = Runs(store, clock)
        self.journal = Journal(store, clock, keys)
        self.outcomes = Outcomes(store, clock)
        self.targets = Targets(store, clock)
        self.origins = Origins(store)
        self.protections = Protections(store, clock)
        self.logins = Logins(store, clock)
        self.events = Events(store)
        self.past = Past(store)
        self.conditions = Conditions(store, clock)
        self.secrets = Secrets(store, clock, keys)

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether there is a state file in this folder (``.trueup``), usable or not."""
        return (folder / opening.FILE).exists()

    @classmethod
    def open(cls, folder: Path, *, keys: Keys | None, clock: Clock, read_only: bool = False) -> Self:
        """Open ``folder/state.db`` (``folder`` is ``.trueup``), making it unless ``read_only``.

        Raises StateUnusable (damaged, newer, locked, read-only, not there), KeyUnusable when another key made it. Blocks for
        some milliseconds; there is nothing to do meanwhile.
        """
        now = stamp(clock.now())
        conn = opening.open_for_reading(folder) if read_only else opening.open_for_writing(folder, now)
        path = folder / opening.FILE
        try:
            workspace = value(conn, "workspace")
            if not workspace:
                raise damaged(path, "it names no workspace")
            if keys is not None:
                keys = fit(conn, keys, path, read_only=read_only)
        except sqlite3.Error as error:
            conn.close()
            raise unusable(path, error) from error
        except BaseException:
            conn.close()
            raise
        return cls(Store(conn, path, read_only=read_only), workspace, keys, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish what was asked for and close the file; may be called twice."""
        await self.store.close()

    async def integrity(self) -> None:
        """Check the whole file, which takes a while when it is large; raises StateUnusable when it is damaged."""
        found = await self.store.read(lambda conn: conn.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if found != "ok":
            raise damaged(self.store.path, found)

    async def prune(self) -> dict[str, int]:
        """Drop what need not be remembered any more; table to number of rows dropped."""
        now = self.clock.now()
        return await self.store.write(lambda conn: prune(conn, now))
