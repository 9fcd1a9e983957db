"""Faces kept true by the whole program, over a loopback socket, with pictures in files.

The staff of each test: three persons with a picture each and one without.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from controller.model.change import Action, Plan, Verdict
from controller.model.outcome import RunResult, Status
from controller.runtime.workspace import Options, Workspace, open_workspace
from controller.sdk import SystemClock
from controller.sdk.loopback import serve
from providers.hikvision.simulator import PROFILES, Quirks, Terminal

pytestmark = pytest.mark.anyio
FIRST_SYNC = frozenset({"bootstrap", "revoke:Device/door=99", "grant:Device/door=99"})
FDLIB = "/ISAPI/Intelligent/FDLib/"
SPEC = """
apiVersion: trueup/v1
kind: Controller
metadata: {{name: main}}
spec: {{timezone: Europe/Stockholm}}
---
apiVersion: trueup/v1
kind: Source
metadata: {{name: staff}}
spec:
  provider: json
  config:
    path: ../staff.json
    record: person
    key: number
    map: {{number: number, full_name: name, photo: {{column: photo, optional: true}}, at: {{column: at, optional: true}}}}
---
apiVersion: trueup/v1
kind: Device
metadata: {{name: door}}
spec:
  provider: hikvision
  config: {{url: {url}, username: admin, password: {{env: DOOR_PASSWORD}}}}
  people:
    - from: staff
      key: "{{number}}"
      name: "{{full_name}}"
      valid: {{until: forever}}
      doors: [{{door: 1, plan: 1}}]
      face: {face}
  policy: {{pace: 0, adopt: {adopt}, onRemoval: {removal}, limits: {{revoke: 100%, grant: 100%}}}}
"""
FILES = '{file: "{photo}", revision: "{at}"}'
GREY, BLUE = (120, 110, 100), (0, 0, 255)


class QuickClock(SystemClock):
    """Real time; short waits are not waited for."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def jpeg(colour: tuple[int, int, int] = GREY) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (480, 640), colour).save(out, "PNG")
    return out.getvalue()


@dataclass
class Site:
    """A terminal on a socket and the workspace that keeps it true."""

    terminal: Terminal
    workspace: Workspace
    folder: Path
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def save(self) -> None:
        (self.folder / "staff.json").write_text(json.dumps(list(self.rows.values())), encoding="utf-8")

    def photo(self, number: str, colour: tuple[int, int, int]) -> None:
        (self.folder / "specs" / f"{number}.png").write_bytes(jpeg(colour))

    async def plan(self) -> Plan:
        return (await self.workspace.plan(allow=FIRST_SYNC)).plan

    async def sync(self) -> RunResult:
        result = await self.workspace.apply(await self.workspace.plan(allow=FIRST_SYNC))
        assert "provider-fault" not in {outcome.code for outcome in result.outcomes}
        return result

    async def must_be_in_sync(self) -> None:
        assert (await self.plan()).changes == ()

    @property
    def face_calls(self) -> list[str]:
        """Writes of faces and persons since the calls were forgotten."""
        log = [call for call in self.terminal.log if call.method != "GET" and call.status != 401 and "Search?" not in call.path]
        paths = [call.path.removeprefix(FDLIB).removeprefix("/ISAPI/AccessControl/") for call in log]
        return [path for path in paths if not path.endswith("Search")]


Staged = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    """``staged(terminal, face=FILES, adopt="refuse", removal="delete")``"""

    @asynccontextmanager
    async def staging(
        terminal: Terminal, *, face: str = FILES, adopt: str = "refuse", removal: str = "delete"
    ) -> AsyncIterator[Site]:
        (tmp_path / "specs").mkdir()
        options = Options((tmp_path / "specs",), tmp_path / ".trueup", None, {"DOOR_PASSWORD": "Door-12345"}, QuickClock())
        async with serve(terminal.app) as served:
            text = SPEC.format(url=served.url, face=face, adopt=adopt, removal=removal)
            (tmp_path / "specs" / "door.yaml").write_text(text, encoding="utf-8")
            async with open_workspace(options, write=True) as workspace:
                site = Site(terminal, workspace, tmp_path)
                for number in ("1001", "1002", "1003"):
                    site.rows[number] = {"number": number, "name": f"Anna {number}", "photo": f"{number}.png", "at": "1"}
                    site.photo(number, GREY)
                site.rows["1004"] = {"number": "1004", "name": "Bo Faceless", "photo": None, "at": None}
                site.save()
                yield site

    return staging


async def _converges(site: Site) -> None:
    result = await site.sync()
    assert set(result.counts) == {"done"}, [outcome for outcome in result.outcomes if outcome.status is not Status.DONE]
    assert site.terminal.faces.keys() == {"1001", "1002", "1003"}
    await site.must_be_in_sync()


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_model_gets_its_faces_and_is_then_in_order(staged: Staged, profile: str) -> None:
    async with staged(Terminal(profile)) as site:
        await _converges(site)
        for picture in site.terminal.faces.values():
            assert picture.startswith(b"\xff\xd8\xff") and picture.endswith(b"\xff\xd9") and len(picture) < 200_000


@pytest.mark.parametrize(
    "switches",
    [
        "no-fdsearch", "no-fdlib-get", "no-face-count", "face-count-lag=2", "face-count-lag=2 no-fdsearch", "modeling-delay=3",
        "part-names=faceURL+FaceDataRecord", "part-names=FaceDataRecord+data", "fddelete-only no-setup", "types-as-strings",
        "xml-for-json", "object-for-one odd-words", "ignore-filter", "more-forever", "null-body", "empty-200", "error-with-200",
        "nonce-uses=1 no-challenge", "busy=2", "reboot-required wrapped-status", "drop-keepalive", "keeps-faces",
    ],
)  # fmt: skip
async def test_a_terminal_with_habits_gets_and_loses_faces(staged: Staged, switches: str) -> None:
    async with staged(Terminal(quirks=Quirks().switched(switches.split()))) as site:
        await _converges(site)
        site.rows["1001"]["at"] = "2"
        del site.rows["1002"]
        site.rows["1003"]["photo"] = None
        site.save()
        before = site.terminal.device.faces["1001"].number
        assert set((await site.sync()).counts) == {"done"}
        assert site.terminal.faces.keys() == {"1001"} and site.terminal.device.faces["1001"].number > before
        assert site.terminal.persons.keys() == {"1001", "1003", "1004"}
        await site.must_be_in_sync()


async def test_another_revision_is_one_update_and_is_kept_with_its_evidence(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        await _converges(site)
        site.photo("1002", (200, 190, 180))
        await site.must_be_in_sync()
        site.rows["1002"]["at"] = "2"
        site.save()
        [change] = (await site.plan()).changes
        assert (change.action, change.kind, change.key, change.drift) == (Action.UPDATE, "face", "1002", False)
        site.terminal.faults.forget_calls()
        assert (await site.sync()).counts == {"done": 1}
        assert site.face_calls == ["FDSetUp"]
        [row] = [row for row in await _inventory(site) if row.key == "1002"]
        assert row.evidence == sha256(site.terminal.faces["1002"]).hexdigest()
        await site.must_be_in_sync()


async def _inventory(site: Site) -> list[Any]:
    state = site.workspace._world.state
    return list((await state.inventory.load("Device/door", "face", ["1001", "1002", "1003"])).values())


async def test_a_plan_fetches_no_picture_and_writes_nothing(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        for number in ("1001", "1002", "1003"):
            (site.folder / "specs" / f"{number}.png").unlink()
        assert sum(change.kind == "face" for change in (await site.plan()).changes) == 3
        assert site.face_calls == []


async def test_a_face_deleted_at_the_door_comes_back(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        await _converges(site)
        site.terminal.remove_face("1001")
        [change] = (await site.plan()).changes
        assert (change.action, change.kind, change.key, change.drift) == (Action.CREATE, "face", "1001", True)
        await site.sync()
        assert "1001" in site.terminal.faces
        await site.must_be_in_sync()


@pytest.mark.parametrize("removal", ["delete", "expire"])
async def test_who_leaves_loses_the_face_first(staged: Staged, removal: str) -> None:
    async with staged(Terminal(quirks=Quirks(keeps_faces=True)), removal=removal) as site:
        await _converges(site)
        del site.rows["1002"]
        site.save()
        site.terminal.faults.forget_calls()
        assert set((await site.sync()).counts) == {"done"}
        person = "UserInfo/Delete" if removal == "delete" else "UserInfo/Modify"
        assert sorted(site.face_calls) == ["FDSearch/Delete", person]
        assert site.face_calls == ["FDSearch/Delete", person] or removal == "expire"
        assert "1002" not in site.terminal.faces and ("1002" in site.terminal.persons) is (removal == "expire")
        await site.must_be_in_sync()


async def test_a_refused_face_is_told_and_everything_else_goes_on(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        site.photo("1002", BLUE)
        result = await site.sync()
        [failed] = [outcome for outcome in result.outcomes if outcome.status is not Status.DONE]
        assert (failed.kind, failed.key, failed.status, failed.effect) == ("face", "1002", Status.FAILED, "none")
        assert "finds no face in the picture; take one from the front" in failed.message
        assert site.terminal.faces.keys() == {"1001", "1003"} and "1002" in site.terminal.persons
        [again] = (await site.plan()).changes
        assert (again.kind, again.key, again.action) == ("face", "1002", Action.CREATE)
        site.photo("1002", GREY)
        site.rows["1002"]["at"] = "2"
        site.save()
        await _converges(site)


@pytest.mark.parametrize(
    ("colour", "words"),
    [(BLUE, "finds no face"), ((255, 0, 0), "finds several faces"), ((0, 160, 0), "quality of the face too low")],
)
async def test_what_a_picture_shows_decides_what_is_told(staged: Staged, colour: tuple[int, int, int], words: str) -> None:
    async with staged(Terminal()) as site:
        site.photo("1003", colour)
        [failed] = [outcome for outcome in (await site.sync()).outcomes if outcome.status is not Status.DONE]
        assert failed.key == "1003" and words in failed.message


async def test_a_refused_replacement_leaves_the_old_face(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        await _converges(site)
        old = site.terminal.faces["1002"]
        site.photo("1002", BLUE)
        site.rows["1002"]["at"] = "2"
        site.save()
        assert (await site.sync()).counts == {"failed": 1}
        assert site.terminal.faces["1002"] == old
        assert [change.action for change in (await site.plan()).changes] == [Action.UPDATE]


async def test_a_missing_file_concerns_one_person(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        (site.folder / "specs" / "1001.png").unlink()
        result = await site.sync()
        assert [outcome.key for outcome in result.outcomes if outcome.status is not Status.DONE] == ["1001"]
        assert site.terminal.faces.keys() == {"1002", "1003"}


async def test_an_upload_that_nobody_answered_is_sent_again_and_not_believed(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        site.terminal.faults.lose_answer(1, path=f"{FDLIB}FaceDataRecord")
        await _converges(site)
        assert site.face_calls.count("FaceDataRecord") == 3 and site.face_calls.count("FDSetUp") == 1


async def test_a_run_that_never_knew_is_made_good_by_the_next(staged: Staged) -> None:
    async with staged(Terminal()) as site:
        await _converges(site)
        site.rows["1001"]["at"] = "2"
        site.save()
        site.terminal.faults.lose_answer(None, path=f"{FDLIB}FDSetUp")
        result = await site.sync()
        assert [outcome.effect for outcome in result.outcomes] == ["unknown"]
        site.terminal.faults.clear()
        assert [change.key for change in (await site.plan()).changes] == ["1001"]
        before = site.terminal.device.faces["1001"].number
        assert set((await site.sync()).counts) == {"done"}
        assert site.terminal.device.faces["1001"].number == before + 1
        await site.must_be_in_sync()


@pytest.mark.parametrize("adopt", ["refuse", "matching"])
async def test_a_face_that_is_not_ours_is_only_taken_over_when_the_policy_says_so(staged: Staged, adopt: str) -> None:
    async with staged(Terminal(), adopt=adopt) as site:
        await _converges(site)
        site.terminal.add_face("1004", b"\xff\xd8\xff stranger \xff\xd9")
        site.rows["1004"] |= {"photo": "1001.png", "at": "1"}
        site.save()
        plan = await site.plan()
        await site.sync()
        if adopt == "refuse":
            assert plan.changes == () and [notice.verdict for notice in plan.notices] == [Verdict.FOREIGN]
            assert site.terminal.faces["1004"] == b"\xff\xd8\xff stranger \xff\xd9"
        else:
            assert [change.action for change in plan.changes] == [Action.ADOPT]
            assert site.terminal.faces["1004"] == site.terminal.faces["1001"]
            await site.must_be_in_sync()


async def test_a_library_that_would_overflow_is_told_in_the_plan(staged: Staged) -> None:
    async with staged(Terminal(replace(PROFILES["DS-K1T341AM"], faces=2))) as site:
        plan = await site.plan()
        assert [(notice.kind, notice.verdict) for notice in plan.notices] == [("face", Verdict.FULL)]
        assert set((await site.sync()).counts) == {"done"} and len(site.terminal.faces) == 2


async def test_a_terminal_without_faces_gets_its_persons(staged: Staged) -> None:
    async with staged(Terminal(replace(PROFILES["DS-K1T341AM"], faces=0))) as site:
        plan = await site.plan()
        assert {(notice.kind, notice.code) for notice in plan.notices} == {("face", "faces-not-offered")}
        assert set((await site.sync()).counts) == {"done"} and len(site.terminal.persons) == 4
        await site.must_be_in_sync()


async def test_no_picture_and_no_part_of_one_stands_in_plan_results_or_state(staged: Staged) -> None:
    picture = base64.b64encode(jpeg()).decode()
    async with staged(Terminal(), face='{base64: "{photo}"}') as site:
        for row in site.rows.values():
            row["photo"] = picture if row["photo"] else None
        site.save()
        planned = await site.workspace.plan(allow=FIRST_SYNC)
        result = await site.workspace.apply(planned)
        assert set(result.counts) == {"done"} and len(site.terminal.faces) == 3
        sent = site.terminal.faces["1001"]
        told = repr((planned.plan, result)).encode()
        files = [path.read_bytes() for path in (site.folder / ".trueup").rglob("*") if path.is_file()]
        for text in (told, *files):
            assert picture[40:80].encode() not in text and sent[200:240] not in text
