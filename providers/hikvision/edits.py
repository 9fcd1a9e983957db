"""The calls that write one person or one card, in the terminal's words.

Sends only fields that the terminal lists and merges into what is there, because some firmware replaces whole records. A delete
names exactly one, because an empty list may mean everybody. Each returns what is worth telling and raises ProviderError.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from contextlib import aclosing
from typing import Any

from controller.sdk import Clock, Conflict, Done, NotOffered, Period, ProviderError, Rejected, Write
from providers.hikvision.client import RECORDS, Isapi
from providers.hikvision.extended import WIRE, CustomField
from providers.hikvision.fit import clamp
from providers.hikvision.isapi.answer import Tree, as_list, flag, number, part, text
from providers.hikvision.isapi.capability import Limits, People
from providers.hikvision.kinds import CARD_TYPE, OWNER, PERSON, Doors

_BASE = "/ISAPI/AccessControl"
_READ_ONLY = frozenset({"employeeNo", "openDoorTime", "faceURL", "checkUser", "deleteUser"})
_NUMBERS = frozenset({"maxOpenDoorTime", "roomNumber", "floorNumber", "age", "groupId"})  # some firmware reads back texts
_FLAGS = frozenset({"closeDelayEnabled", "localUIRight"})
_LISTS = frozenset({"PersonInfoExtends", "floorNumbers", "callNumbers"})  # one item may be read back as an object
_PINS = frozenset({"password", "localPassword", "dynamicCode"})
_UNLIMITED = ("2000-01-01T00:00:00", "2030-01-01T00:00:00")  # bounds every firmware takes with enable: false
_POLLS, _POLL = 40, 0.5  # a detailed delete is waited for 20 s


class Edits:
    """``limits`` must be what this terminal says now."""

    def __init__(self, isapi: Isapi, limits: Limits, clock: Clock, custom: CustomField | None = None) -> None:
        self._isapi = isapi
        self._limits = limits
        self._clock = clock
        self._custom = custom
        self._detail_delete = "delete" not in limits.people.functions and limits.detail_delete

    async def add_person(self, write: Write) -> str:
        people, doing = self._limits.people, f"add person {write.key}"
        record = {"employeeNo": write.key, **self._fields(write, {}), **_listed(people, {"localUIRight": False, "checkUser": True})}
        if "post" in people.functions or "setup" not in people.functions:
            return await self._isapi.write("POST", f"{_BASE}/UserInfo/Record", {"UserInfo": record}, doing)
        if await self._record(write.key) is not None:  # SetUp would overwrite silently
            raise Conflict(f"could not {doing}: the terminal has this person already", code="exists",
                           hint="somebody added it meanwhile; the next plan looks at it again")  # fmt: skip
        return await self._isapi.write("PUT", f"{_BASE}/UserInfo/SetUp", {"UserInfo": record}, doing)

    async def change_person(self, write: Write) -> str:
        people, doing = self._limits.people, f"change person {write.key}"
        raw = getattr(write.current, "record", None) or await self._record(write.key)
        if raw is None:
            raise Rejected(f"could not {doing}: the terminal has no such person any more", code="missing",
                           hint="the next plan looks at it again")  # fmt: skip
        record = {"employeeNo": write.key, **_kept(people, raw), **self._fields(write, raw)}
        name = "SetUp" if "put" not in people.functions and "setup" in people.functions else "Modify"
        return await self._isapi.write("PUT", f"{_BASE}/UserInfo/{name}", {"UserInfo": record}, doing)

    async def delete_person(self, write: Write) -> str:
        doing = f"delete person {write.key}"
        named = [{"employeeNo": write.key}]
        if not self._detail_delete:
            try:
                body = {"UserInfoDelCond": {"EmployeeNoList": named}}
                return await _gone_is_done(self._isapi.write("PUT", f"{_BASE}/UserInfo/Delete", body, doing))
            except NotOffered:
                if not self._limits.detail_delete:
                    raise
                self._detail_delete = True
        detail = {"UserInfoDetail": {"mode": "byEmployeeNo", "EmployeeNoList": named}}
        message = await _gone_is_done(self._isapi.write("PUT", f"{_BASE}/UserInfoDetail/Delete", detail, doing))
        if not await self._deleted(doing) and await self._record(write.key) is not None:
            raise Rejected(f"could not {doing}: the terminal began, reports that it failed, and still has this person",
                           code="delete-failed", hint="delete the person at the terminal's own screen")  # fmt: skip
        return message

    async def _deleted(self, doing: str) -> bool:
        """Wait for a delete that was only started; whether the terminal says that it went well."""
        for _ in range(_POLLS):
            answer = await self._isapi.document(f"{_BASE}/UserInfoDetail/DeleteProcess", doing, json=True)
            status = text(part(answer, "UserInfoDetailDeleteProcess").get("status"))
            if status in ("success", "failed"):
                return status == "success"
            await self._clock.sleep(_POLL)
        raise Rejected(f"could not {doing}: the terminal did not finish within {_POLLS * _POLL:g} seconds",
                       code="delete-unfinished", effect=Done.UNKNOWN,
                       hint="plan again in a minute: it may have been done all the same")  # fmt: skip

    async def _record(self, key: str) -> Tree | None:
        """The person as the terminal keeps it, every field included; None when it is not there."""
        condition = {"EmployeeNoList": [{"employeeNo": key}]}
        async with aclosing(self._isapi.search(RECORDS, self._limits.people.page, condition)) as pages:
            async for page in pages:
                for raw in page.records:
                    if RECORDS.key(raw) == key:
                        return raw
        return None

    def _fields(self, write: Write, raw: Tree) -> dict[str, Any]:
        """The managed fields in the terminal's words, only those that it lists. ``raw`` is the record that is there."""
        people = self._limits.people
        name, valid, doors, user_type, extended = (
            value if write.managed is None or field.name in write.managed else None
            for field, value in zip(PERSON.fields, write.values, strict=True)
        )
        out: dict[str, Any] = {}
        if name is not None:
            out["name"] = name
        if user_type is not None:
            out["userType"] = user_type
        if valid is not None:
            out["Valid"] = valid_words(valid, people)
        if doors is not None:
            out |= door_words(doors)
        if extended is not None and self._custom is not None:
            out[WIRE] = self._custom.put(raw.get(WIRE), extended)
        return _listed(people, out)

    async def add_card(self, write: Write) -> str:
        return await self._put_card("POST", "Record", write, f"give person {write.values[OWNER]} a card")

    async def change_card(self, write: Write) -> str:
        owner, current = write.values[OWNER], write.current
        if current is None:
            raise Rejected(f"could not change a card of person {owner}: it is not there any more", code="missing",
                           hint="somebody removed it meanwhile; the next plan looks at it again")  # fmt: skip
        if current.subject == owner:
            name = "SetUp" if "put" not in self._limits.cards.functions and "setup" in self._limits.cards.functions else "Modify"
            return await self._put_card("PUT", name, write, f"change a card of person {owner}")
        await self.delete_card(write)
        try:
            return await self.add_card(write)
        except ProviderError as error:
            error.effect = Done.UNKNOWN  # it has left its old owner
            raise

    async def _put_card(self, method: str, name: str, write: Write, doing: str) -> str:
        cards = self._limits.cards
        if not cards.offered:
            hint = "leave cards out of the spec for this terminal"
            raise Rejected(f"could not {doing}: this terminal keeps no cards", code="cards-not-offered", hint=hint)
        card: dict[str, Any] = {"employeeNo": write.values[OWNER], "cardNo": write.key, "cardType": write.values[CARD_TYPE]}
        if method == "POST":
            card |= {flag: True for flag in ("checkCardNo", "checkEmployeeNo") if flag in cards.keys}
        return await self._isapi.write(method, f"{_BASE}/CardInfo/{name}", {"CardInfo": card}, doing)

    async def delete_card(self, write: Write) -> str:
        body = {"CardInfoDelCond": {"CardNoList": [{"cardNo": write.key}]}}
        owner = write.current.subject if write.current else write.subject
        return await _gone_is_done(self._isapi.write("PUT", f"{_BASE}/CardInfo/Delete", body, f"delete a card of person {owner}"))


def valid_words(valid: Period, people: People) -> Tree:
    """``enable: false`` is permanent; everything else has both ends, clamped to the terminal's range, in its wall time."""
    if valid.permanent:
        begin, end = max(_UNLIMITED[0], people.begin), min(_UNLIMITED[1], people.end)
    else:
        clamped = clamp(valid, people)
        if isinstance(clamped, str):
            raise Rejected(clamped, code="validity-out-of-range", hint="declare a period that the terminal can keep")
        begin, end = clamped.begin, clamped.end
    words: Tree = {"enable": not valid.permanent, "beginTime": begin, "endTime": end}
    return {**words, "timeType": "local"} if people.local_time else words


def door_words(doors: Doors) -> Tree:
    plans: dict[int, list[str]] = {}
    for door, plan in sorted(doors):
        plans.setdefault(door, []).append(str(plan))
    return {
        "doorRight": ",".join(str(door) for door in plans),
        "RightPlan": [{"doorNo": door, "planTemplateNo": ",".join(numbers)} for door, numbers in plans.items()],
    }


def _listed(people: People, fields: Mapping[str, Any]) -> Tree:
    return {name: value for name, value in fields.items() if name in people.keys}


def _kept(people: People, raw: Tree) -> Tree:
    """What is there and must survive firmware that replaces whole records. Empty values are left out: sending one could wipe.

    A PIN is sent back only if it can be read: its mask must not become the PIN.
    """
    kept: Tree = {}
    for name, value in _listed(people, raw).items():
        if name in _READ_ONLY or not (value or value is False) or (name in _PINS and not str(value).isdigit()):
            continue
        kept[name] = _typed(name, value)
    if rights := [right for right in as_list(kept.pop("RightPlan", None)) if isinstance(right, dict)]:
        kept["RightPlan"] = [{**right, "doorNo": number(right.get("doorNo"))} for right in rights]
    return kept


def _typed(name: str, value: Any) -> Any:
    """As the field is written, however this firmware reads it back."""
    if name in _FLAGS:
        return flag(value)
    if name in _LISTS:
        return as_list(value)
    return int(value) if name in _NUMBERS and text(value).isdigit() else value


async def _gone_is_done(call: Awaitable[str]) -> str:
    """The result of a delete, for which "was not there" is as good."""
    try:
        return await call
    except Rejected as error:
        if error.code != "missing":
            raise
        return "it was gone already"
