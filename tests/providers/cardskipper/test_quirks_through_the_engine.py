"""Every switch of the simulated register, met by the whole program: what it does to a door that lives by it.

Twelve members; a door where a stranger and an administrator must never be touched. It is the first of June 2026.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.model.change import Condition, Plan
from controller.model.outcome import RunResult, Status
from controller.runtime.workspace import Options, Workspace, open_workspace
from controller.sdk import SystemClock
from controller.sdk.loopback import serve
from providers.cardskipper.simulator import PersonRole, Quirks, Register
from providers.hikvision.simulator import Terminal

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
FIRST_SYNC = frozenset({"bootstrap"})
LEAVER = 900005
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
  provider: cardskipper
  config: {{url: {register}, organizationId: 4711, username: admin, password: {{env: REGISTER}}{config}}}
---
apiVersion: trueup/v1
kind: Source
metadata: {{name: ids}}
spec:
  provider: json
  config: {{path: ../ids.json, record: table, key: no, map: {{no: no, email: email}}}}
---
apiVersion: trueup/v1
kind: Device
metadata: {{name: door}}
spec:
  provider: hikvision
  config: {{url: {door}, username: admin, password: {{env: DOOR}}}}
  people:
    - from: members
      where: {{active: true}}
      name: "{{first_name}} {{last_name}}"
      valid: {{from: "{{valid_from}}", until: "{{valid_until}}"}}
      doors: [{{door: 1, plan: 1}}]
      {people}
  policy: {{pace: 0, onRemoval: {removal}, limits: {{revoke: 30%, grant: 100%}}}}
"""
BY_NUMBER = 'key: "{id}"'
BY_EMAIL = 'match: {source: ids, on: "{email}", take: "no"}\n      key: "{no}"'


class StandingClock(SystemClock):
    """Always the same noon; short waits are not waited for."""

    def now(self) -> datetime:
        return NOON

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0 if seconds < 10 else seconds)


@dataclass
class Stage:
    register: Register
    terminal: Terminal
    workspace: Workspace

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

    def valid(self, number: int) -> tuple[bool, str, str]:
        valid = self.terminal.persons[str(number)]["Valid"]
        return valid["enable"], valid["beginTime"], valid["endTime"]

    def somebody_leaves(self) -> None:
        """One membership ended yesterday: with OnlyActive the register does not show the member any more."""
        [member] = [one for one in self.register.members if one.id == LEAVER]
        member.roles = [PersonRole(4711, 10, date(2026, 1, 1), date(2026, 5, 31))]

    def check_the_untouchable(self) -> None:
        assert self.terminal.persons["9001"]["name"] == "Stranger" and self.terminal.persons["1"]["localUIRight"] is True


Staged = Callable[..., Any]


@pytest.fixture
def staged(tmp_path: Path) -> Staged:
    """``staged(config="", people=BY_NUMBER, removal="delete", ids="[]")``"""

    @asynccontextmanager
    async def staging(
        *,
        config: str = "",
        people: str = BY_NUMBER,
        removal: str = "delete",
        ids: str = "[]",
        password: str = "secret",
        quirks: Quirks | None = None,
    ) -> AsyncIterator[Stage]:
        clock = StandingClock()
        register, terminal = _register(quirks), Terminal(clock=clock)
        terminal.add_person("9001", "Stranger")
        terminal.add_person("1", "Installer", localUIRight=True)
        (tmp_path / "specs").mkdir()
        (tmp_path / "ids.json").write_text(ids, encoding="utf-8")
        options = Options((tmp_path / "specs",), tmp_path / ".trueup", None, {"REGISTER": password, "DOOR": "Door-12345"}, clock)
        async with serve(register.app) as one, serve(terminal.app) as other:
            words = {"config": config and f", {config}", "people": people, "removal": removal}
            text = SPEC.format(register=one.url, door=other.url, **words)
            (tmp_path / "specs" / "door.yaml").write_text(text, encoding="utf-8")
            async with open_workspace(options, write=True) as workspace:
                yield Stage(register, terminal, workspace)

    return staging


def _register(quirks: Quirks | None) -> Register:
    register = Register(today=date(2026, 6, 1), quirks=quirks)
    for number in range(900001, 900013):
        role = (10, "2026-01-01", "2026-12-31")
        register.add_member(number, "Željka", f"Šimić-Öberg {number}", role, email=f"m{number}@club.example")
    gap = register.members[1]
    gap.roles = [
        PersonRole(4711, 10, date(2026, 1, 1), date(2026, 6, 30)),
        PersonRole(4711, 12, date(2026, 9, 1), date(2026, 12, 31)),
    ]
    gap.roles.append(PersonRole(4712, 90, date(2020, 1, 1), date(2035, 1, 1)))  # another organisation: does not count
    gap.tags, gap.extras = {4711: ["påskläger"]}, ("é", "", "x")
    register.members[2].email = ""
    return register


def _set(register: Register, name: str, value: Any) -> None:
    assert hasattr(register.quirks, name)
    setattr(register.quirks, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lax_request", True), ("strict_order", True), ("element_response", True), ("extra_as_elements", True),
        ("tag_as_element", True), ("dates", "datetime"), ("dates", "fraction"), ("namespace", True), ("xsi_attributes", True),
        ("declaration", False), ("redirect_slash", 301), ("redirect_slash", 307), ("redirect_slash", 308),
    ],
)  # fmt: skip
async def test_whatever_the_form_of_the_answer_the_door_is_made_true(staged: Staged, name: str, value: Any) -> None:
    async with staged() as stage:
        _set(stage.register, name, value)
        assert (await stage.sync(FIRST_SYNC)).counts == {"done": 12}
        await stage.must_be_in_sync()
        year = (True, "2026-01-01T00:00:00", "2026-12-31T23:59:59")
        assert {stage.valid(one.id) for one in stage.register.members} == {year}
        assert stage.terminal.persons["900002"]["name"] == "Željka Šimić-Öberg 900002"
        stage.somebody_leaves()
        assert (await stage.sync()).counts == {"done": 1}
        await stage.must_be_in_sync()
        assert str(LEAVER) not in stage.terminal.persons and len(stage.terminal.persons) == 13
        stage.check_the_untouchable()


async def test_a_path_without_its_slash_is_followed_and_takes_the_search_along(staged: Staged) -> None:
    async with staged() as stage:
        stage.register.quirks.redirect_slash, stage.register.quirks.redirect_to_bare = 307, True
        assert (await stage.sync(FIRST_SYNC)).counts == {"done": 12}


async def test_times_with_a_zone_become_the_sites_own(staged: Staged) -> None:
    async with staged() as stage:
        stage.register.quirks.dates = "zone"
        await stage.sync(FIRST_SYNC)
        await stage.must_be_in_sync()
        # The register means +02:00 all year round; in January the site's clocks are an hour behind that.
        assert stage.valid(900001) == (True, "2025-12-31T23:00:00", "2026-12-31T22:59:59")


def _quirk(name: str, value: Any = True) -> Callable[[Register], None]:
    return lambda register: _set(register, name, value)


def _not_granted(status: int) -> Callable[[Register], None]:
    def spoil(register: Register) -> None:
        register.accounts[0].calls = frozenset()
        register.quirks.not_granted = status

    return spoil


def _heal(register: Register) -> None:
    register.faults.clear()
    register.quirks = Quirks()
    register.accounts[:] = Register().accounts


BAD: list[tuple[Callable[[Register], object], str]] = [
    (_quirk("html_200"), "web page"),
    (_quirk("truncated"), "breaks off"),
    (_not_granted(401), "refused the name or the password"),
    (_not_granted(403), "does not let this account use /Member/Export/"),
    (_not_granted(404), "does not let this account use /Member/Export/"),
    (_not_granted(500), "failed while it answered"),
    (lambda register: register.faults.close(None), "closed the connection"),
    (lambda register: register.faults.truncate(None), "in the middle of its answer"),
    (lambda register: register.faults.lose_answer(None), "closed the connection"),
    (lambda register: register.faults.slow(3.0, None), "did not answer"),
    (lambda register: register.faults.throttle(3600, None), "asks to wait"),
    (lambda register: register.faults.busy(None), "asks to wait"),
    (lambda register: register.faults.status(200, None), "answered with nothing"),
    (_quirk("members", "empty"), ""),
    (_quirk("members", "missing"), ""),
    (_quirk("sudden_empty"), ""),
    (_quirk("half_list"), ""),
    (_quirk("one_member"), ""),
]


@pytest.mark.parametrize(("spoil", "words"), BAD)
async def test_a_register_that_fails_or_shrinks_takes_nobody_away(
    staged: Staged, spoil: Callable[[Register], object], words: str
) -> None:
    slow = "did not answer" in words
    async with staged(config="readTimeout: 400ms" if slow else "") as stage:
        await stage.sync(FIRST_SYNC)
        stage.somebody_leaves()
        before = dict(stage.terminal.persons)
        spoil(stage.register)
        plan = await stage.plan()
        assert not plan.changes
        said = " ".join([plan.resources[0].message, *(notice.message for notice in plan.notices)])
        assert words in said and said.strip()
        await stage.sync()
        assert dict(stage.terminal.persons) == before
        _heal(stage.register)
        await stage.workspace.test()  # a refused password is not tried again by itself for half an hour
        assert (await stage.sync()).counts == {"done": 1}
        await stage.must_be_in_sync()
        stage.check_the_untouchable()


async def test_a_slow_register_that_drops_one_connection_is_read_whole(staged: Staged) -> None:
    async with staged(quirks=Quirks(slow=0.01, drop=1)) as stage:
        assert (await stage.sync(FIRST_SYNC)).counts == {"done": 12}
        await stage.must_be_in_sync()
        assert [call.status for call in stage.register.faults.log] == [0, 200, 200]


@pytest.mark.parametrize("members", ["empty", "missing"])
async def test_an_empty_register_at_first_contact_changes_nothing(staged: Staged, members: str) -> None:
    async with staged() as stage:
        stage.register.quirks.members = members
        before = dict(stage.terminal.persons)
        assert not (await stage.plan(FIRST_SYNC)).changes
        await stage.sync(FIRST_SYNC)
        assert dict(stage.terminal.persons) == before


async def test_a_wrong_password_is_tried_once_and_the_door_is_not_even_asked(staged: Staged) -> None:
    async with staged(password="wrong") as stage:
        plan = await stage.plan(FIRST_SYNC)
        assert plan.resources[0].condition is Condition.PARKED and "refused the name or the password" in plan.resources[0].message
        assert stage.register.faults.calls == 1 and stage.terminal.calls == 0


async def test_who_is_unclear_is_named_and_the_rest_goes_on(staged: Staged) -> None:
    async with staged() as stage:
        members = stage.register.members
        members[0].roles = [PersonRole(4711, 10, date(2027, 1, 1), date(2026, 12, 31))]
        members[1].roles = [PersonRole(4711, 10, date(2026, 1, 1), None)]
        members[3].inactive = True
        members[4].roles = [PersonRole(4712, 90, date(2026, 1, 1), date(2026, 12, 31))]
        members[6].id = members[7].id
        plan = await stage.plan(FIRST_SYNC)
        assert {"end-before-begin", "validity-end-missing", "duplicate-member"} <= {notice.code for notice in plan.notices}
        await stage.sync(FIRST_SYNC)
        await stage.must_be_in_sync()
        gone = {members[index].id for index in (0, 1, 3, 4, 6)} | {900007}
        assert {int(key) for key in stage.terminal.persons} - {1, 9001} == set(range(900001, 900013)) - gone


@pytest.mark.parametrize("change", ["end-before-begin", "open-end", "no-start"])
async def test_a_member_at_the_door_whose_dates_become_unclear_stays_as_he_is(staged: Staged, change: str) -> None:
    roles = {
        "end-before-begin": PersonRole(4711, 10, date(2027, 1, 1), date(2026, 12, 31)),
        "open-end": PersonRole(4711, 10, date(2026, 1, 1), None),
        "no-start": PersonRole(4711, 10, None, date(2026, 12, 31)),
    }
    async with staged() as stage:
        await stage.sync(FIRST_SYNC)
        before = stage.valid(900001)
        stage.register.members[0].roles = [roles[change]]
        plan = await stage.plan()
        if change == "no-start":  # that side is open: from the beginning of the door's calendar
            await stage.sync()
            assert stage.valid(900001) == (True, "2000-01-01T00:00:00", "2026-12-31T23:59:59")
            await stage.must_be_in_sync()
        else:
            assert not plan.changes and stage.valid(900001) == before
            [notice] = plan.notices
            assert "900001" in f"{notice.key} {notice.message} {notice.place}"


async def test_e_mails_that_are_missing_shared_or_unknown_concern_their_members_alone(staged: Staged) -> None:
    ids = ",".join(f'{{"no": "{number - 899000}", "email": " M{number}@CLUB.example"}}' for number in range(900001, 900012))
    async with staged(people=BY_EMAIL, ids=f"[{ids}]") as stage:
        stage.register.members[0].email = stage.register.members[1].email
        plan = await stage.plan(FIRST_SYNC)
        assert {notice.code for notice in plan.notices} == {"join-shared", "join-value-missing", "join-no-partner"}
        await stage.sync(FIRST_SYNC)
        await stage.must_be_in_sync()
        # 900001 and 900002 share an e-mail, 900003 has none, 900012 is in no table
        assert {int(key) for key in stage.terminal.persons} - {1, 9001} == set(range(1004, 1012))


async def test_who_must_go_stays_listed_without_access(staged: Staged) -> None:
    async with staged(removal="expire") as stage:
        await stage.sync(FIRST_SYNC)
        stage.somebody_leaves()
        await stage.sync()
        await stage.must_be_in_sync()
        enabled, _, end = stage.valid(LEAVER)
        assert enabled and end < "2026-06-01"
