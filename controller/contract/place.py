"""A workspace with real specs against simulators on loopback sockets, and the verbs as short calls."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.contract.cases import COLUMNS, PASSWORD, PEOPLE, Person
from controller.engine.plans.planning import Planned
from controller.model.change import Plan
from controller.model.outcome import RunResult
from controller.runtime.workspace import Options, Workspace, open_workspace
from controller.sdk.context import SystemClock
from controller.sdk.loopback import serve

CONTROLLER = """
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec: {timezone: Europe/Stockholm}
"""
PEOPLE_FILE = """
apiVersion: trueup/v1
kind: Source
metadata: {name: people}
spec:
  provider: csv
  config: {path: people.csv, key: id, map: {id: id, full_name: name, valid_until: until, card_no: {column: card, sensitive: true}}}
"""
ALLOW = frozenset({"bootstrap", "revoke:Device/it=999", "grant:Device/it=999", "source-shrink:people"})


class Clock(SystemClock):
    """Time is real, but nobody waits; ``slept`` holds what was waited for."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class Place:
    """A folder with specs and state. ``password`` is what trueup believes the password to be."""

    folder: Path
    password: str = PASSWORD
    clock: Clock = field(default_factory=Clock)

    def declare(self, *documents: str) -> None:
        (self.folder / "specs").mkdir(exist_ok=True)
        (self.folder / "specs" / "all.yaml").write_text("---".join((CONTROLLER, *documents)))

    def people(self, people: Sequence[Person] = PEOPLE) -> None:
        (self.folder / "specs" / "people.csv").write_bytes(as_csv(people))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Workspace]:
        environ = {"CONTRACT_PASSWORD": self.password}
        options = Options((self.folder / "specs",), self.folder / "state", None, environ, self.clock)
        async with open_workspace(options, write=True) as workspace:
            yield workspace

    async def plan(self, *allow: str) -> Plan:
        return (await self.planned(*allow)).plan

    async def planned(self, *allow: str) -> Planned:
        async with self.open() as workspace:
            return await workspace.plan(allow=ALLOW | set(allow))

    async def apply(self, planned: Planned | None = None) -> RunResult:
        async with self.open() as workspace:
            return await workspace.apply(planned or await workspace.plan(allow=ALLOW))

    async def all_well(self) -> bool:
        """``trueup test``, as somebody does after putting things right; it tries at once what was refused before."""
        async with self.open() as workspace:
            return all(answer.ok for answer in await workspace.test())

    async def settle(self) -> Plan:
        """Apply until nothing is left, three times at most; the last plan."""
        for _ in range(3):
            await self.apply()
        return await self.plan()


def as_csv(people: Sequence[Person]) -> bytes:
    lines = [",".join(COLUMNS), *(",".join((p.id, p.name, p.until, p.card)) for p in people)]
    return ("\n".join(lines) + "\n").encode()


@asynccontextmanager
async def served(*simulators: Any) -> AsyncIterator[list[str]]:
    """The simulators on loopback sockets; their addresses."""
    async with AsyncExitStack() as stack:
        yield [(await stack.enter_async_context(serve(one.app))).url for one in simulators]


def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def said_plainly(message: str) -> None:
    """A sentence for people: no Python in it, no page of HTML."""
    assert message
    for word in ("Traceback", "Exception", "httpx", "object at 0x", "<html", "None", "Errno", "provider broke"):
        assert word not in message, message
