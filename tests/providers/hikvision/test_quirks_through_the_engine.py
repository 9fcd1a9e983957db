"""Every habit of a terminal that was seen or cannot be excluded, met by the whole program over a loopback socket.

The club of each test: 31 persons (two pages) who are at the door already, one of them with a wrong validity; two new ones; cards;
a stranger with a card and an administrator who must never be touched.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from controller.model.change import Condition, Plan, ResourcePlan
from controller.model.outcome import Outcome, RunResult, Status
from controller.runtime.workspace import Options, Workspace, open_workspace
from controller.sdk import SystemClock
from controller.sdk.loopback import serve
from providers.hikvision.simulator import PROFILES, Profile, Quirks, Terminal

pytestmark = pytest.mark.anyio

YEAR = {"enable": True, "beginTime": "2026-01-01T00:00:00", "endTime": "2026-12-31T23:59:59", "timeType": "local"}
FIRST, LAST, LEAVER, DRIFTER = 1001, 1031, "1006", "1010"
FIRST_SYNC = frozenset({"bootstrap"})
USER_INFO, CARD_INFO = "/ISAPI/AccessControl/UserInfo", "/ISAPI/AccessControl/CardInfo"
SPEC = """
apiVersion: trueup/v1
kind: Controller
metadata: {{name: main}}
spec: {{timezone: Europe/Stockholm}}
---
apiVersion: trueup/v1
kind: Source
metadata: {{name: members}}
spec:
  provider: json
  config:
    path: ../members.json
    record: person
    key: number
    map: {{number: number, full_name: name, cards: {{column: cards, type: strings, optional: true}}}}
---
apiVersion: trueup/v1
kind: Device
metadata: {{name: door}}
spec:
  provider: hikvision
  config: {{url: {url}, username: admin, password: {{env: DOOR_PASSWORD}}{config}}}
  people:
    - from: members
      key: "{{number}}"
      valid: {{from: "2026-01-01", until: "2026-12-31"}}
      {people}
  policy: {{pace: 0, adopt: matching, onRemoval: {removal}, limits: {{revoke: 30%, grant: 100%}}}}
"""
WHOLE = 'name: "{full_name}"\n      doors: [{door: 1, plan: 1}]\n      cards: "{cards}"'


class QuickClock(SystemClock):
    """Real time; short waits are not waited for."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0 if seconds < 10 else seconds)


class TickingClock(SystemClock):
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return float(self._looks)


def member(number: int, *cards: str) -> dict[str, Any]:
    return {"number": str(number), "name": f"Anna Åberg {number}", "cards": list(cards)}


@dataclass
class Stage:
    """A terminal on a socket and the workspace that keeps it true."""

    terminal: Terminal
    workspace: Workspace
    file: Path
    rows: list[dict[str, Any]] = field(default_factory=list)

    def save(self) -> None:
        self.file.write_text(json.dumps(self.rows), encoding="utf-8")

    async def plan(self, allow: frozenset[str] = frozenset()) -> Plan:
        return (await self.workspace.plan(allow=allow)).plan

    async def sync(self, allow: frozenset[str] = frozenset()) -> RunResult:
        result = await self.workspace.apply(await self.workspace.plan(allow=allow))
        assert "provider-fault" not in {outcome.code for outcome in result.outcomes}
        assert all(outcome.message for outcome in result.outcomes if outcome.status is not Status.DONE)
        return result

    async def must_be_in_sync(self) -> None:
        plan = await self.plan()
        assert (plan.resources[0].condition, plan.changes) == (Condition.COMPLETE, ()), plan.resources[0].message

    def somebody_leaves_and_somebody_is_changed(self) -> None:
        self.rows[:] = [row for row in self.rows if row["number"] != LEAVER]
        self.save()
        self.terminal.edit_at_the_door(DRIFTER, Valid={"endTime": "2037-01-01T00:00:00"})

    def check_the_untouchable(self) -> None:
        assert self.terminal.persons["9001"]["name"] == "Stranger" and self.terminal.cards["777"]["employeeNo"] == "9001"
        assert self.terminal.persons["1"]["localUIRight"] is True
        assert {str(number) for number in range(FIRST, LAST + 1)} - {LEAVER} <= self.terminal.persons.keys()


Staged = Callable[..., Any]


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    """``staged(terminal, config="", people=WHOLE, removal="delete")``"""

    @asynccontextmanager
    async def staging(
        terminal: Terminal, *, config: str = "", people: str = WHOLE, removal: str = "delete", password: str = "Door-12345"
    ) -> AsyncIterator[Stage]:
        _furnish(terminal)
        (tmp_path / "specs").mkdir()
        options = Options((tmp_path / "specs",), tmp_path / ".trueup", None, {"DOOR_PASSWORD": password}, QuickClock())
        async with serve(terminal.app) as served:
            text = SPEC.format(url=served.url, config=config and f", {config}", people=people, removal=removal)
            (tmp_path / "specs" / "door.yaml").write_text(text, encoding="utf-8")
            async with open_workspace(options, write=True) as workspace:
                stage = Stage(terminal, workspace, tmp_path / "members.json")
                stage.rows = [member(number) for number in range(FIRST, LAST + 1)]
                stage.rows += [member(2001, "501"), member(2002, "502", "503")]
                stage.rows[0]["cards"] = ["504"]
                stage.save()
                yield stage

    return staging


def _furnish(terminal: Terminal) -> None:
    for number in range(FIRST, LAST + 1):
        terminal.add_person(str(number), f"Anna Åberg {number}", Valid=YEAR)
    terminal.edit_at_the_door("1002", Valid={"endTime": "2030-01-01T00:00:00"})
    terminal.add_person("9001", "Stranger")
    terminal.add_card("9001", "777")
    terminal.add_person("1", "Installer", localUIRight=True)


async def _converges(stage: Stage) -> None:
    """First sync, nothing to do, one leaves while another is changed at the door, nothing to do."""
    terminal = stage.terminal
    first = await stage.sync(FIRST_SYNC)
    assert first.counts == {"done": 37}, first.counts
    await stage.must_be_in_sync()
    stage.somebody_leaves_and_somebody_is_changed()
    assert (await stage.sync()).counts == {"done": 2}
    await stage.must_be_in_sync()
    stage.check_the_untouchable()
    assert LEAVER not in terminal.persons
    assert terminal.persons[DRIFTER]["Valid"]["endTime"] == terminal.persons["1002"]["Valid"]["endTime"] == YEAR["endTime"]
    assert {number: card["employeeNo"] for number, card in terminal.cards.items()} == {
        "777": "9001", "501": "2001", "502": "2002", "503": "2002", "504": "1001",
    }  # fmt: skip


@pytest.mark.parametrize(
    "switches",
    [
        "nonce-uses=1", "nonce-uses=1 no-challenge", "nonce-uses=2 no-challenge dead-nonce-counts",
        "nonce-binds-url strict-nonce-count", "auth-style=old", "auth-style=sha256", "auth-style=basic+digest basic-counts",
        "busy=2", "busy=2 busy-status=400", "busy=2 busy-status=503", "busy=1 busy-status=401",
        "more-forever", "ignore-filter", "over-limit=refuse", "object-for-one odd-words",
        "modify=replace", "rightplan-empty", "utc-reads-local permanent-bounds",
        "types-as-strings modify=replace", "xml-for-json modify=replace",
        "xml-namespace=http://www.hikvision.com/ver10/XMLSchema", "xml-namespace= blank-before-xml nul-after",
        "null-body", "empty-200", "wrapped-status reboot-required", "error-with-200",
        "no-setup no-system-status no-fdlib-get flat-count opt-as-list typed-get-refused accept-numbers",
        "delete-empty-list-wipes", "no-delete detail-delete-slow=3", "no-delete delete-empty-list-wipes",
        "drop-keepalive", "slow=0.002", "close-mid-body=1", "lose-answer=1",
        "types-as-strings object-for-one odd-words nul-after wrapped-status ignore-filter modify=replace nonce-uses=2 no-challenge",
    ],
)  # fmt: skip
async def test_a_door_with_habits_is_made_true(staged: Staged, switches: str) -> None:
    async with staged(Terminal(quirks=Quirks().switched(switches.split()))) as stage:
        await _converges(stage)


@pytest.mark.parametrize(
    "profile", ["DS-K1A340FWX", "DS-KV6124-E1", "DS-K1T342MFWX-E1", "K1T673DX"]
)  # those with habits of their own
async def test_a_recorded_model_is_made_true(staged: Staged, profile: str) -> None:
    async with staged(Terminal(profile)) as stage:
        await _converges(stage)


@pytest.mark.parametrize("challenge", [True, False])
async def test_nonces_that_die_of_age_cost_nothing_but_calls(staged: Staged, challenge: bool) -> None:
    quirks = Quirks(nonce_ttl=8.0, no_challenge=not challenge)
    async with staged(Terminal(quirks=quirks, clock=TickingClock())) as stage:
        await _converges(stage)
        assert stage.terminal.faults.unauthorized > 12
        assert stage.terminal.device.standing("127.0.0.1")["lockStatus"] == "unlock"


@pytest.mark.parametrize("style", ["basic", "basic+digest"])
async def test_basic_is_spoken_only_where_it_is_allowed_and_nothing_better_is_offered(staged: Staged, style: Any) -> None:
    async with staged(Terminal(quirks=Quirks(auth_style=style, basic_counts=True)), config="allowBasic: true") as stage:
        await _converges(stage)


# -- a door that cannot be worked with -----------------------------------------------------------------------------------------


def _busy_for_ever(terminal: Terminal) -> None:
    terminal.faults.busy(None)


def _silent_401(terminal: Terminal) -> None:
    terminal.quirks.busy_status = 401
    terminal.faults.busy(None)


def _web_page(terminal: Terminal) -> None:
    terminal.faults.status(200, None, body=b"<!DOCTYPE html><html><body>Login</body></html>")


def _cut_lists(terminal: Terminal) -> None:
    terminal.faults.truncate(None, path=f"{USER_INFO}/Search")


def _empty_lists(terminal: Terminal) -> None:
    terminal.faults.status(200, None, path=f"{USER_INFO}/Search")


def _failing(terminal: Terminal) -> None:
    terminal.faults.status(500, None, path=USER_INFO)


def _off(terminal: Terminal) -> None:
    terminal.faults.close(None)


def _too_slow(terminal: Terminal) -> None:
    terminal.faults.slow(2.0, None, path=f"{USER_INFO}/Search")


def _wrong_clock(terminal: Terminal) -> None:
    terminal.device.clock_offset = -3600.0


def _another_serial(terminal: Terminal) -> None:
    terminal.device.serial = "ANOTHER-ONE"


def _other_password(terminal: Terminal) -> None:
    terminal.gate.password = "Somebody-changed-it"


def _switch(name: str, value: Any = True) -> Callable[[Terminal], None]:
    return lambda terminal: setattr(terminal.quirks, name, value)


def _mend(terminal: Terminal) -> None:
    terminal.faults.clear()
    terminal.quirks.total_changes = terminal.quirks.search_absent = terminal.quirks.error_with_200 = False
    terminal.quirks.auth_style = "new"
    terminal.device.clock_offset = 0.0
    terminal.device.serial, terminal.gate.password = terminal.serial, terminal.password


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_switch("auth_style", "basic"), "offers only Basic login"),
        (_switch("total_changes"), "is not complete: their number changed"),
        (_switch("search_absent"), "has no such call"),
        (lambda terminal: (_switch("search_absent")(terminal), _switch("error_with_200")(terminal)), "has no such call"),
        (_busy_for_ever, "the terminal is busy"),
        (_silent_401, "without saying how to log in"),
        (_web_page, "not one of a terminal"),
        (_cut_lists, "in the middle of its answer"),
        (_empty_lists, "does not hold what was asked for"),
        (_failing, "reports a fault of its own"),
        (_off, "closed the connection"),
        (_too_slow, "did not answer"),
        (_wrong_clock, "its clock is 1h behind"),
        (_another_serial, "ANOTHER-ONE answers"),
        (_other_password, "refused th"),
    ],
)
async def test_a_door_that_cannot_be_worked_with_is_parked_and_loses_nobody(
    staged: Staged, spoil: Callable[[Terminal], object], words: str
) -> None:
    async with staged(Terminal(), config="timeouts: {read: 400ms}" if spoil is _too_slow else "") as stage:
        await stage.sync(FIRST_SYNC)
        stage.somebody_leaves_and_somebody_is_changed()
        before, writes = dict(stage.terminal.persons), stage.terminal.faults.writes
        spoil(stage.terminal)
        plan = await stage.plan()
        assert (plan.resources[0].condition, plan.changes) == (Condition.PARKED, ())
        assert words in plan.resources[0].message
        [result] = (await stage.sync()).resources
        assert words in result.fatal and dict(stage.terminal.persons) == before and stage.terminal.faults.writes == writes
        _mend(stage.terminal)
        await stage.workspace.test()  # a refused password is not tried again by itself for half an hour
        assert (await stage.sync()).counts == {"done": 2}
        await stage.must_be_in_sync()


async def test_one_run_makes_one_attempt_with_a_wrong_password(staged: Staged) -> None:
    async with staged(Terminal(), password="wrong") as stage:
        plan = await stage.plan()
        assert plan.resources[0].condition is Condition.PARKED
        assert "attempts left before it locks: 4" in plan.resources[0].hint
        assert stage.terminal.calls == 2


@pytest.mark.parametrize(
    "spoil",
    [_busy_for_ever, _silent_401, _web_page, _off, _other_password],
)
async def test_a_door_that_fails_between_plan_and_apply_is_left_alone(staged: Staged, spoil: Callable[[Terminal], object]) -> None:
    async with staged(Terminal()) as stage:
        await stage.sync(FIRST_SYNC)
        stage.somebody_leaves_and_somebody_is_changed()
        planned, before = await stage.workspace.plan(), dict(stage.terminal.persons)
        spoil(stage.terminal)
        result = await stage.workspace.apply(planned)
        assert result.counts == {"parked": 2} and all(outcome.message for outcome in result.outcomes)
        assert dict(stage.terminal.persons) == before
        _mend(stage.terminal)
        await stage.workspace.test()  # a refused password is not tried again by itself for half an hour
        assert (await stage.sync()).counts == {"done": 2}


# -- writes that go wrong ------------------------------------------------------------------------------------------------------


_PATHS = (f"{USER_INFO}/Record", f"{USER_INFO}/Modify", f"{CARD_INFO}/Record", f"{USER_INFO}/Delete")


@pytest.mark.parametrize(
    ("fault", "path"),
    [
        *(("lose_answer", path) for path in _PATHS),
        *(("close", path) for path in _PATHS[1:3]),
        *zip(("truncate", "busy", "status", "throttle"), _PATHS, strict=True),
    ],
)
async def test_a_write_that_fails_once_is_looked_up_and_done(staged: Staged, fault: str, path: str) -> None:
    async with staged(Terminal()) as stage:
        given: dict[str, tuple[Any, ...]] = {"status": (500,), "throttle": (1.0,)}
        getattr(stage.terminal.faults, fault)(*given.get(fault, ()), times=1, path=path)
        await _converges(stage)


def _outcomes(result: RunResult, status: Status) -> list[Outcome]:
    return [outcome for outcome in result.outcomes if outcome.status is status]


def _says(status: int, code: int, sub: str) -> dict[str, Any]:
    return {"status": status, "body": json.dumps({"statusCode": code, "statusString": "?", "subStatusCode": sub}).encode()}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (_says(400, 6, "deviceUserFull"), "full", "has no room for more persons"),
        (_says(200, 6, "nameIsOverlong"), "nameisoverlong", "finds the name too long"),
        (_says(400, 6, "neverHeardOf"), "rejected", "refused it"),
        (_says(200, 4, "notSupport"), "not-offered", "no such call"),
    ],
)
async def test_a_refused_person_takes_only_the_cards_along(staged: Staged, answer: dict[str, Any], code: str, words: str) -> None:
    async with staged(Terminal()) as stage:
        stage.terminal.faults.status(**answer, times=None, path=f"{USER_INFO}/Record")
        result = await stage.sync(FIRST_SYNC)
        failed = _outcomes(result, Status.FAILED)
        assert {(one.kind, one.key, one.code) for one in failed} == {("person", "2001", code), ("person", "2002", code)}
        assert all(words in one.message for one in failed)
        assert {one.subject for one in _outcomes(result, Status.SKIPPED)} == {"2001", "2002"}
        assert (await stage.plan()).resources[0].condition is Condition.COMPLETE
        stage.terminal.faults.clear()
        assert (await stage.sync(FIRST_SYNC)).counts == {"done": 5}
        await stage.must_be_in_sync()


async def test_a_door_that_is_full_is_known_before_anything_is_sent(staged: Staged) -> None:
    async with staged(Terminal(Profile("X", persons=34))) as stage:
        plan = await stage.plan(FIRST_SYNC)
        assert [notice.key for notice in plan.notices if notice.code == "full" and notice.kind == "person"] == ["2002"]
        await stage.sync(FIRST_SYNC)
        await stage.must_be_in_sync()
        stage.somebody_leaves_and_somebody_is_changed()
        await stage.sync()
        await stage.must_be_in_sync()
        assert "2002" in stage.terminal.persons and LEAVER not in stage.terminal.persons
        stage.check_the_untouchable()


async def test_no_room_for_cards_is_told_and_holds_up_nobody(staged: Staged) -> None:
    async with staged(Terminal(Profile("X", cards=3))) as stage:
        for allow in (FIRST_SYNC, FIRST_SYNC):
            failed = _outcomes(await stage.sync(allow), Status.FAILED)
            assert [(one.kind, one.code) for one in failed] == [("card", "full")] * 2
            assert all("no room for more cards" in one.message for one in failed)
        assert {"2001", "2002"} <= stage.terminal.persons.keys() and len(stage.terminal.cards) == 3


async def test_a_delete_that_the_door_does_not_finish_is_told_every_time_and_harms_nobody(staged: Staged) -> None:
    quirks = Quirks(no_delete=True, detail_delete_fails=True, delete_empty_list_wipes=True)
    async with staged(Terminal(quirks=quirks)) as stage:
        await stage.sync(FIRST_SYNC)
        stage.somebody_leaves_and_somebody_is_changed()
        for _ in range(2):
            [failed] = _outcomes(await stage.sync(), Status.FAILED)
            assert (failed.key, failed.code) == (LEAVER, "delete-failed") and "still has this person" in failed.message
        stage.check_the_untouchable()
        stage.terminal.quirks.detail_delete_fails = False
        await stage.sync()
        await stage.must_be_in_sync()


@pytest.mark.parametrize("switches", ["permanent-bounds utc-reads-local", "modify=replace rightplan-empty"])
async def test_who_must_go_stays_listed_without_access(staged: Staged, switches: str) -> None:
    async with staged(Terminal(quirks=Quirks().switched(switches.split())), removal="expire") as stage:
        stage.terminal.edit_at_the_door(LEAVER, Valid={"enable": False})
        await stage.sync(FIRST_SYNC)
        stage.somebody_leaves_and_somebody_is_changed()
        await stage.sync()
        await stage.must_be_in_sync()
        person = stage.terminal.persons[LEAVER]
        assert person["Valid"]["enable"] is True and person["Valid"]["endTime"] < "2001"
        stage.terminal.edit_at_the_door(LEAVER, Valid={"enable": False})
        await stage.sync()
        assert stage.terminal.persons[LEAVER]["Valid"]["enable"] is True
        stage.check_the_untouchable()


async def test_time_plans_that_are_not_shown_are_believed_only_when_told_so(staged: Staged) -> None:
    people = WHOLE.replace("plan: 1", "plan: 3")
    terminal = Terminal(quirks=Quirks(rightplan_empty=True, modify="replace"))
    async with staged(terminal, people=people) as stage:
        result = await stage.sync(FIRST_SYNC)
        failed = _outcomes(result, Status.FAILED)
        assert {outcome.code for outcome in failed} == {"not-as-written"}
        assert {outcome.message for outcome in failed} == {"the target said yes, but shows something else as its doors"}
        assert terminal.persons["1001"]["RightPlan"] == [{"doorNo": 1, "planTemplateNo": "3"}]
        stage.check_the_untouchable()


async def test_time_plans_that_are_not_shown_converge_when_they_are_assumed(staged: Staged) -> None:
    terminal = Terminal(quirks=Quirks(rightplan_empty=True))
    async with staged(terminal, config="assumePlan: 3", people=WHOLE.replace("plan: 1", "plan: 3")) as stage:
        await _converges(stage)
        assert terminal.persons["2001"]["RightPlan"] == [{"doorNo": 1, "planTemplateNo": "3"}]


@pytest.mark.parametrize(
    "switches", ["modify=merge", "modify=replace pin-readable", "modify=replace types-as-strings pin-readable"]
)
async def test_where_only_validity_is_managed_everything_else_stays(staged: Staged, switches: str) -> None:
    terminal = Terminal(quirks=Quirks().switched(switches.split()))
    async with staged(terminal, people="manage: [valid]", removal="expire") as stage:
        terminal.edit_at_the_door("1002", name="Another name", maxOpenDoorTime=7, belongGroup="1,3", closeDelayEnabled=True)
        terminal.device.persons.pins["1002"] = "271828"
        before = {key: replace_valid(person) for key, person in terminal.persons.items()}
        await stage.sync(FIRST_SYNC)
        await stage.must_be_in_sync()
        assert {key: replace_valid(person) for key, person in terminal.persons.items()} == before
        assert terminal.persons["1002"]["Valid"] == YEAR and terminal.device.persons.pins["1002"] == "271828"


def replace_valid(person: dict[str, Any]) -> dict[str, Any]:
    return {**person, "Valid": None}


async def test_an_official_serial_number_that_does_not_answer_parks_the_door(staged: Staged) -> None:
    async with staged(Terminal(), config="serialNumber: SOMETHING-ELSE") as stage:
        summary: ResourcePlan = (await stage.plan(FIRST_SYNC)).resources[0]
        assert summary.condition is Condition.PARKED and "the spec names SOMETHING-ELSE" in summary.message


async def test_a_station_that_takes_short_names_says_whose_name_is_too_long(staged: Staged) -> None:
    profile = replace(PROFILES["DS-KV6124-E1"], name_bytes=18)
    async with staged(Terminal(profile)) as stage:
        stage.rows[-1]["name"] = "Þórdís Ängström Öst"  # 19 letters, 24 bytes
        stage.rows[-2]["name"] = "Čedomir Žižek Šim"  # 17 letters, 22 bytes: only the station can tell
        stage.save()
        plan = await stage.plan(FIRST_SYNC)
        assert [notice.key for notice in plan.notices if notice.code == "name-too-long" and notice.kind == "person"] == ["2002"]
        [failed] = _outcomes(await stage.sync(FIRST_SYNC), Status.FAILED)
        assert (failed.key, failed.code) == ("2001", "nameisoverlong")


# -- cards ---------------------------------------------------------------------------------------------------------------------


def _owners(terminal: Terminal) -> dict[str, str]:
    return {number: card["employeeNo"] for number, card in terminal.cards.items() if number != "777"}


async def test_a_new_card_takes_the_place_of_an_old_one_although_no_more_fit(staged: Staged) -> None:
    async with staged(Terminal()) as stage:
        stage.rows[:] = [member(number) for number in range(FIRST, LAST + 1)]
        stage.rows[3]["cards"] = ["51", "52", "53", "54", "55"]
        stage.save()
        await stage.sync(FIRST_SYNC)
        stage.rows[3]["cards"] = ["41", "52", "53", "54", "55"]
        stage.save()
        assert (await stage.sync()).counts == {"done": 2}
        assert _owners(stage.terminal) == dict.fromkeys(("41", "52", "53", "54", "55"), "1004")
        await stage.must_be_in_sync()


async def test_a_sixth_card_is_told_and_the_five_stay(staged: Staged) -> None:
    async with staged(Terminal()) as stage:
        stage.rows[:] = [member(number) for number in range(FIRST, LAST + 1)]
        stage.rows[3]["cards"] = ["51", "52", "53", "54", "55", "56"]
        stage.rows[4]["cards"] = ["61"]
        stage.save()
        for _ in range(2):
            result = await stage.sync(FIRST_SYNC)
            assert [one.code for one in _outcomes(result, Status.FAILED)] == ["cardfullperuser"]
        assert sorted(_owners(stage.terminal).values()) == ["1004"] * 5 + ["1005"]


@pytest.mark.parametrize("switches", ["ignore-filter xml-for-json", "object-for-one odd-words types-as-strings"])
async def test_a_card_moves_to_its_new_owner_and_two_change_places(staged: Staged, switches: str) -> None:
    async with staged(Terminal(quirks=Quirks().switched(switches.split()))) as stage:
        await stage.sync(FIRST_SYNC)
        by_number = {row["number"]: row for row in stage.rows}
        by_number["2001"]["cards"], by_number["1001"]["cards"] = ["504"], ["501"]
        by_number["2002"]["cards"], by_number["1007"]["cards"] = ["502"], ["503"]
        stage.save()
        await stage.sync()
        assert _owners(stage.terminal) == {"501": "1001", "502": "2002", "503": "1007", "504": "2001"}
        await stage.must_be_in_sync()
        stage.check_the_untouchable()


async def test_a_card_that_somebody_else_holds_is_never_taken(staged: Staged) -> None:
    async with staged(Terminal()) as stage:
        stage.rows[4]["cards"] = ["777"]
        stage.save()
        for _ in range(2):
            plan = await stage.plan(FIRST_SYNC)
            assert not any(change.subject == "1005" for change in plan.changes if change.kind == "card")
            assert any(notice.kind == "card" for notice in plan.notices)
            await stage.sync(FIRST_SYNC)
        stage.check_the_untouchable()
