"""Looks at one terminal and never touches it: who it is, what it can hold, and everybody it keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from controller.sdk import Actual, Clock, Facts, NotOffered, Page, Ref, Right, Unauthorized
from providers.hikvision.client import CARDS, FACES, LIBRARY, PEOPLE, RECORDS, Isapi, Search
from providers.hikvision.extended import CustomField
from providers.hikvision.faces.presence import Presence
from providers.hikvision.isapi.answer import Tree, number, part, text
from providers.hikvision.isapi.capability import Faces, Limits, library_count, limits_of, says_no_faces
from providers.hikvision.isapi.wire import WireCard, person_of
from providers.hikvision.normalise import Normaliser

T = TypeVar("T")
_BASE = "/ISAPI/AccessControl"
_FDLIB = "/ISAPI/Intelligent/FDLib"


class Seen(Actual, frozen=True):
    """A person read again, with all fields as the terminal sent them: a write merges into these. May hold a PIN, so no repr."""

    record: Tree = {}

    def __repr__(self) -> str:
        return f"Seen(key={self.key!r}, label={self.label!r})"


class HikvisionReader:
    """Reads through one lane; what the terminal can hold is asked once."""

    def __init__(
        self, isapi: Isapi, normaliser: Normaliser, clock: Clock, zone: ZoneInfo | None, custom: CustomField | None = None,
        *, with_faces: bool = True,
    ) -> None:  # fmt: skip
        self._isapi = isapi
        self._normal = normaliser
        self._clock = clock
        self._zone = zone
        self._custom = custom
        self._with_faces = with_faces
        self._told: tuple[Tree, Tree, Tree] | None = None  # what terminal, persons and cards said of themselves
        self._library: Tree | None = None  # what the face library said; None: it was not asked
        self._limits: Limits | None = None
        self._faces: Presence | None = None

    async def limits(self, *, faces: bool = False) -> Limits:
        """What the terminal can hold. Four calls at first, none later; three as long as faces are nobody's business."""
        get = self._isapi.optional
        if self._told is None:
            terminal = await get(f"{_BASE}/capabilities", "ask what the terminal can do")
            people = await get(f"{_BASE}/UserInfo/capabilities", "ask what the terminal keeps of persons", json=True)
            cards: Tree = {}
            if limits_of(terminal, people, cards).cards.offered:
                cards = await get(f"{_BASE}/CardInfo/capabilities", "ask what the terminal keeps of cards", json=True)
            self._told = terminal, people, cards
        if self._library is None and (faces or self._with_faces):
            refused = says_no_faces(self._told[0])
            ask = "ask what the terminal keeps of faces"
            self._library = {} if refused else await get(f"{_FDLIB}/capabilities", ask, json=True)
            self._limits = None
        if self._limits is None:
            limits = limits_of(*self._told, self._library)
            limits = replace(limits, faces=Faces()) if self._library is None else limits  # not asked for, so nothing is known
            self._limits = replace(limits, extended=_place(self._custom)) if self._custom else limits
        return self._limits

    async def facts(self) -> Facts:
        """Eight calls at most. The clock's offset is that of the wall clock: a wrong zone on the terminal is a wrong clock."""
        info = _root(await self._introduced(), "DeviceInfo")
        clock = _root(await self._isapi.optional("/ISAPI/System/time", "ask the terminal for the time"), "Time")
        offset = clock_offset(text(clock.get("localTime")), self._clock.now(), self._zone)
        limits = await self.limits()
        if not limits.keeps_persons:
            message = "this device keeps no persons: it is no door terminal, or a door station without that function"
            raise NotOffered(message, hint="is this the right address? Otherwise take it out of the specs")
        count = _root(await self._isapi.optional(f"{_BASE}/UserInfo/Count", "count the persons", json=True), "UserInfoCount")
        firmware = " ".join(filter(None, (text(info.get("firmwareVersion")), text(info.get("firmwareReleasedDate")))))
        return Facts(
            identity=text(info.get("serialNumber")),
            model=text(info.get("model")),
            firmware=firmware,
            clock_offset=offset,
            capacity=_capacity(limits, number(count.get("userNumber")), await self._faces_there(limits, count)),
            limits=limits,
            notes=_notes(limits, clock, offset),
        )

    async def _faces_there(self, limits: Limits, count: Tree) -> int | None:
        """How many faces there are: as the persons are counted, else as the library says; None when neither tells."""
        bound = number(count.get("bindFaceUserNumber"))
        if bound is not None or not (limits.faces.offered and limits.faces.told):
            return bound
        return library_count(await self._isapi.optional(f"{_FDLIB}/Count", "count the faces", json=True))

    async def _introduced(self) -> Tree:
        try:
            return await self._isapi.document("/ISAPI/System/deviceInfo", "ask the terminal who it is")
        except NotOffered as error:
            raise NotOffered(
                "something answers at this address, but not as a Hikvision terminal",
                hint="check the address and the port, and whether ISAPI is switched on at the terminal",
                detail=error.detail,
            ) from error

    async def rights(self) -> list[Right]:
        """What the account may read, one short call each; what a write would be answered is only known by writing."""
        limits = await self.limits()
        rights = [await self._may("list the persons", PEOPLE)]
        if limits.cards.offered:
            rights.append(await self._may("list the cards", CARDS))
        if limits.faces.offered and limits.faces.search:
            rights.append(await self._may("list the faces", FACES, LIBRARY))
        return rights

    async def _may(self, what: str, search: Search[Any], condition: Mapping[str, Any] | None = None) -> Right:
        try:
            async with aclosing(self._isapi.search(search, 1, condition)) as pages:
                async for _ in pages:
                    break
        except (Unauthorized, NotOffered) as refused:
            return Right(what, False, refused.message)
        return Right(what, True)

    async def observe(self, kinds: Sequence[str]) -> AsyncIterator[Page]:
        limits = await self.limits(faces="face" in kinds)
        if "person" in kinds:
            async with aclosing(self._isapi.search(PEOPLE, limits.people.page)) as people:
                async for found in people:
                    yield Page("person", self._normal.people(found.records), found.total)
        if "card" in kinds:
            _need_cards(limits)
            async with aclosing(self._isapi.search(CARDS, limits.cards.page)) as cards:
                async for page in cards:
                    yield Page("card", self._normal.cards(page.records), page.total)
        if "face" in kinds:
            async with aclosing(self._presence(limits).observe()) as faces:
                async for owners, total in faces:
                    yield Page("face", self._normal.faces(owners), total)

    async def read(self, kind: str, refs: Sequence[Ref]) -> list[Actual]:
        limits, wanted = await self.limits(faces=kind == "face"), list(dict.fromkeys(ref.key for ref in refs if ref.key))
        if kind == "person":
            return [self._seen(raw) for raw in await self._records(wanted)]
        if kind == "face":
            return self._normal.faces(await self._presence(limits).read(wanted))
        _need_cards(limits)
        cards: list[WireCard] = await self._named(CARDS, wanted, ("CardNoList", "cardNo"), (limits.cards.page, limits.cards.batch))
        return list(self._normal.cards(cards))

    async def _records(self, keys: list[str]) -> list[Tree]:
        people = (await self.limits()).people
        batch = people.batch if people.filters else 0
        return await self._named(RECORDS, keys, ("EmployeeNoList", "employeeNo"), (people.page, batch))

    def _presence(self, limits: Limits) -> Presence:
        self._faces = self._faces or Presence(self._isapi, limits, self._records)
        return self._faces

    async def _named(self, search: Search[T], keys: list[str], names: tuple[str, str], sizes: tuple[int, int]) -> list[T]:
        """Those of these keys that are there. Terminals that ignore the list are read whole, once, and filtered here."""
        (list_name, key_name), (page, batch) = names, sizes
        found: dict[str, T] = {}
        for start in range(0, len(keys), batch) if batch else ():
            asked = keys[start : start + batch]
            condition = {list_name: [{key_name: key} for key in asked]}
            obeyed = await self._collect(search, page, condition, set(asked), found)
            if not obeyed:
                return list(found.values()) if len(asked) == len(keys) else await self._named(search, keys, names, (page, 0))
        if not batch and keys:
            await self._collect(search, page, {}, set(keys), found)
        return list(found.values())

    async def _collect(self, search: Search[T], size: int, condition: Tree, wanted: set[str], found: dict[str, T]) -> bool:
        """Put what is wanted into ``found``; whether the terminal sent nothing else."""
        obeyed = True
        async with aclosing(self._isapi.search(search, size, condition)) as pages:
            async for page in pages:
                hits = {key: record for record in page.records if (key := search.key(record)) in wanted}
                obeyed = obeyed and len(hits) == len(page.records)
                found |= hits
                if wanted <= found.keys():
                    break
        return obeyed

    def _seen(self, raw: Tree) -> Seen:
        [actual] = self._normal.people([person_of(raw)])
        return Seen(actual.key, actual.values, guard=actual.guard, label=actual.label, record=raw)


def _place(custom: CustomField) -> int:
    """Which of the custom fields is meant, as far as that can be compared with how many there are: an id is no place."""
    return custom.position if custom.id is None else 1


def clock_offset(local_time: str, now: datetime, zone: ZoneInfo | None) -> float | None:
    """Seconds by which the terminal's wall clock is ahead of the site's; None when it does not tell or cannot be compared."""
    try:
        told = datetime.fromisoformat(local_time)
    except ValueError:
        return None
    if zone is not None:
        return (told.replace(tzinfo=None) - now.astimezone(zone).replace(tzinfo=None)).total_seconds()
    return (told - now).total_seconds() if told.tzinfo is not None else None


def _root(document: Tree, name: str) -> Tree:
    return part(document, name) or document


def _capacity(limits: Limits, persons: int | None, faces: int | None) -> dict[str, tuple[int | None, int | None]]:
    capacity: dict[str, tuple[int | None, int | None]] = {"person": (persons, limits.people.most)}
    if limits.cards.offered:
        capacity["card"] = (None, limits.cards.most)
    if limits.faces.offered and (limits.faces.most, faces) != (None, None):
        capacity["face"] = (faces, limits.faces.most)
    return capacity


def _notes(limits: Limits, clock: Tree, offset: float | None) -> tuple[str, ...]:
    notes = []
    if offset is not None and abs(offset) >= 1800:
        zone = text(clock.get("timeZone")) or "not told"
        notes.append(f"its time zone is set to {zone}: a clock that is wrong by whole hours often has the wrong zone")
    if not limits.cards.offered:
        notes.append("it keeps no cards")
    if not limits.faces.offered:
        notes.append("it keeps no faces")
    return tuple(notes)


def _need_cards(limits: Limits) -> None:
    if not limits.cards.offered:
        raise NotOffered("this terminal keeps no cards", hint="leave cards out of the spec for this terminal")
