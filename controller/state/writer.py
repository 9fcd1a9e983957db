"""One connection on one thread, and commits that are shared.

Every access to the state file goes through here. Writes that wait while a commit is running share the next one: each runs in a
savepoint of its own inside one BEGIN IMMEDIATE, and none of them returns before the commit is on disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from controller.model.errors import StateUnusable
from controller.state.faults import unusable

T = TypeVar("T")
_BATCH = 256  # jobs that share a commit at most


@dataclass(eq=False)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    writes: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class Store:
    """The writer thread. ``commits`` counts transactions that wrote, for the benchmarks."""

    def __init__(self, conn: sqlite3.Connection, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self.commits = 0
        self._conn = conn
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="trueup-state", daemon=True)
        self._thread.start()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work(conn)`` on the thread, after everything that was asked for before. It must not write."""
        return await self._submit(work, writes=False)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work(conn)`` in a transaction; durable when this returns. An error in ``work`` undoes its part only."""
        if self.read_only:
            raise StateUnusable(
                f"the state file {self.path} was opened for reading only",
                hint="make the file and its folder writable to change anything",
            )
        return await self._submit(work, writes=True)

    async def _submit(self, work: Callable[[sqlite3.Connection], T], *, writes: bool) -> T:
        if self._closed:
            raise StateUnusable(f"the state file {self.path} is closed already", hint="run the command again")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, writes, loop, future))
        return await future

    async def close(self) -> None:
        """Finish what was asked for, then close the file. May be called twice."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        going = True
        while going:
            batch, going = self._next_batch()
            if batch:
                self._run(batch)
                _deliver(batch)
        self._conn.close()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Wait for one job, then take what is there as well; False when the last one was taken."""
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _BATCH:
                return batch, True
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _run(self, batch: list[_Job]) -> None:
        if not any(job.writes for job in batch):
            for job in batch:
                self._read(job)
            return
        try:
            self._conn.execute("BEGIN IMMEDIATE")
            for job in batch:
                if job.writes:
                    self._savepoint(job)
                else:
                    self._read(job)
            self._conn.execute("COMMIT")
            self.commits += 1
        except sqlite3.Error as error:
            self._fail(batch, error)

    def _read(self, job: _Job) -> None:
        try:
            job.result = job.work(self._conn)
        except Exception as error:
            job.error = self._translated(error)

    def _savepoint(self, job: _Job) -> None:
        self._conn.execute("SAVEPOINT job")
        try:
            job.result = job.work(self._conn)
        except Exception as error:
            job.error = self._translated(error)
            # A full disk may have rolled the whole transaction back: then these two raise, and the batch fails as one.
            self._conn.execute("ROLLBACK TO job")
        self._conn.execute("RELEASE job")

    def _fail(self, batch: list[_Job], error: sqlite3.Error) -> None:
        """No write of the batch counts; the reads are asked again, since they may have seen what was undone."""
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")
        cause = next((job.error for job in batch if isinstance(job.error, StateUnusable)), None) or self._translated(error)
        for job in batch:
            if job.writes:
                job.error = job.error or cause
            else:
                job.error = None
                self._read(job)

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            return unusable(self.path, error)
        return error


def _deliver(batch: list[_Job]) -> None:
    """Wake the waiting tasks, once per loop and batch."""
    for loop in {job.loop for job in batch}:
        mine = [job for job in batch if job.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, mine)


def _settle(batch: list[_Job]) -> None:
    for job in batch:
        if job.future.done():  # cancelled while it waited; the work was done all the same
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
