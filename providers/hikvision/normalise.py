"""What wire structs mean: observed entities as a plan compares them. Pure, and run once per person and page, so it is quick."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from controller.sdk import PERMANENT, Actual, Period
from providers.hikvision.extended import CustomField
from providers.hikvision.isapi.wire import WireCard, WirePerson, WireRight
from providers.hikvision.kinds import Doors, terminal_name

ADMINISTRATOR = "is an administrator at the terminal"


class Normaliser:
    """From wire structs to entities as the plan compares them. Remembers periods and rights it has seen: there are few.

    A terminal's times are wall time already; with ``Z`` or an offset they are brought to ``zone``. ``enable: false`` is
    permanent whatever the bounds. A validity that cannot be read is None: no access that could be relied on.
    A right whose plan is not shown is taken to have ``assume_plan``, since some firmware reads back none. ``custom`` is the custom
    field that is wanted; without one all are left out of sight.
    """

    def __init__(self, zone: ZoneInfo | None, assume_plan: int = 1, custom: CustomField | None = None) -> None:
        self._zone = zone
        self._custom = custom
        self._assume = assume_plan
        self._periods: dict[tuple[bool, str, str], Period | None] = {}
        self._doors: dict[tuple[str | None, int, str], Doors] = {}

    def people(self, records: Iterable[WirePerson]) -> list[Actual]:
        periods, single, out = self._periods, self._doors, []
        custom, extended = self._custom, None
        for p in records:
            v = p.Valid
            if v is None:
                period = None
            else:
                triple = (v.enable, v.beginTime, v.endTime)
                try:
                    period = periods[triple]
                except KeyError:
                    period = periods[triple] = self._period(*triple)
            rights = p.RightPlan
            if len(rights) == 1:
                right = rights[0]
                shape = (p.doorRight, right.doorNo, right.planTemplateNo)
                doors = single.get(shape)
                if doors is None:
                    doors = single[shape] = self._rights(p.doorRight, rights)
            else:
                doors = self._rights(p.doorRight, rights)
            name = p.name
            if not name.isascii():
                name = unicodedata.normalize("NFC", name)
            if "'" in name:
                name = terminal_name(name)
            if custom is not None:
                extended = custom.of(_json(p.PersonInfoExtends))
            values = (name, period, doors, p.userType, extended)
            out.append(Actual(p.employeeNo, values, "", "", ADMINISTRATOR if p.localUIRight else "", name))
        return out

    def cards(self, records: Iterable[WireCard]) -> list[Actual]:
        return [Actual(c.cardNo, (c.employeeNo, c.cardType), "", c.employeeNo) for c in records]

    def faces(self, owners: Iterable[str]) -> list[Actual]:
        """Whose face is there; what it looks like cannot be read back."""
        return [Actual(owner, (None,), "", owner) for owner in owners]

    def _period(self, enable: bool, begin: str, end: str) -> Period | None:
        if not enable:
            return PERMANENT
        if not begin and not end:
            return None
        try:
            return Period(self._wall(begin), self._wall(end))
        except (ValueError, OverflowError):
            return None

    def _wall(self, moment: str) -> str:
        if not moment:
            return ""
        when = datetime.fromisoformat(moment.strip())
        if when.tzinfo is not None and self._zone is not None:
            when = when.astimezone(self._zone)
        return when.replace(tzinfo=None).isoformat(timespec="seconds")

    def _rights(self, door_right: str | None, rights: list[WireRight]) -> Doors:
        """``doorRight`` says which doors, ``RightPlan`` when; a door that only the latter names is not allowed."""
        plans: dict[int, set[int]] = {}
        for right in rights:
            plans.setdefault(right.doorNo, set()).update(_numbers(right.planTemplateNo))
        doors = plans if door_right is None else _numbers(door_right)
        return tuple(sorted((door, plan) for door in doors for plan in (plans.get(door) or {self._assume})))


def _json(raw: msgspec.Raw) -> object:
    return msgspec.json.decode(raw) if bytes(raw) else None


def _numbers(listed: str) -> set[int]:
    return {int(word) for word in listed.split(",") if word.strip().isdigit()}
