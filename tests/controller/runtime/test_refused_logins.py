"""A schedule must not lock a door's account: what was refused is not tried again until it changes, or until somebody insists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.model.change import Condition
from controller.model.scope import Scope
from controller.runtime.workspace import Options, Workspace, open_workspace
from controller.sdk.simulation import serve
from providers.hikvision.simulator import Terminal
from tests.memory import Clock

pytestmark = pytest.mark.anyio

SPEC = """
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec: {provider: csv, config: {path: members.csv}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front}
spec:
  provider: hikvision
  config: {url: "URL", username: admin, password: {env: DOOR}, timezone: Europe/Stockholm}
  people:
    - {from: members, key: "{id}", name: "{full_name}", valid: {until: "2037-01-01"}, doors: [{door: 1, plan: 1}]}
  policy: {pace: 0}
"""


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    terminal = Terminal(password="right-12345")
    async with serve(terminal) as served:
        (tmp_path / "specs").mkdir()
        (tmp_path / "specs" / "all.yaml").write_text(SPEC.replace("URL", served.url))
        (tmp_path / "specs" / "members.csv").write_text("id,full_name\n1,Åsa Öberg\n")
        yield terminal


class Door:
    """The same workspace opened again and again, as a schedule does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock(datetime.now(UTC))

    def options(self, environ: Mapping[str, str]) -> Options:
        return Options((self.folder / "specs",), self.folder / ".trueup", None, environ, self.clock)

    async def plan(self, password: str) -> str:
        async with open_workspace(self.options({"DOOR": password}), write=False) as workspace:
            return await self._message(workspace)

    async def _message(self, workspace: Workspace) -> str:
        resource = (await workspace.plan()).plan.resources[0]
        return "" if resource.condition is Condition.COMPLETE else resource.message

    async def test(self, password: str) -> bool:
        async with open_workspace(self.options({"DOOR": password}), write=False) as workspace:
            return (await workspace.test(Scope(targets=("Device/front",))))[0].ok


async def test_ten_plans_with_a_wrong_password_make_one_attempt(terminal: Terminal, tmp_path: Path) -> None:
    door = Door(tmp_path)
    assert "refused" in await door.plan("wrong-12345")
    calls = terminal.calls
    for _ in range(9):
        assert "not tried again for 30 minutes" in await door.plan("wrong-12345")
    assert terminal.calls == calls
    assert await door.plan("right-12345") == ""


async def test_after_the_lock_time_it_is_tried_once_more(terminal: Terminal, tmp_path: Path) -> None:
    door = Door(tmp_path)
    await door.plan("wrong-12345")
    calls = terminal.calls
    door.clock.time += timedelta(minutes=31)
    await door.plan("wrong-12345")
    assert terminal.calls > calls


async def test_who_asks_for_a_test_gets_one_and_a_good_one_clears_the_mark(terminal: Terminal, tmp_path: Path) -> None:
    door = Door(tmp_path)
    terminal.gate.password = "other-12345"
    await door.plan("right-12345")
    terminal.gate.password = "right-12345"
    assert "not tried again" in await door.plan("right-12345")
    assert await door.test("right-12345")
    assert await door.plan("right-12345") == ""
