"""Persons, cards and whose faces as a terminal sends them: from the bytes of a search page to wire structs.

The hot path decodes typed structs at once. A page whose types differ (numbers as text, one hit as an object, XML, NUL bytes)
is read again the slow and tolerant way; a page that makes no sense either way raises and is never taken for an empty one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from providers.hikvision.isapi.answer import Tree, as_list, flag, number, part, text, tree


class WireValid(msgspec.Struct, gc=False):
    enable: bool
    beginTime: str = ""
    endTime: str = ""


class WireRight(msgspec.Struct, gc=False):
    doorNo: int
    planTemplateNo: str = ""


class WirePerson(msgspec.Struct, gc=False):
    employeeNo: str
    name: str = ""
    userType: str = "normal"
    Valid: WireValid | None = None
    doorRight: str | None = None
    RightPlan: list[WireRight] = []
    localUIRight: bool = False
    PersonInfoExtends: msgspec.Raw = msgspec.Raw()  # read only where somebody wants it: it would cost every page


class WireCard(msgspec.Struct, gc=False):
    cardNo: str
    employeeNo: str = ""  # missing for an orphan card
    cardType: str = "normalCard"


T = TypeVar("T")


class Found(msgspec.Struct, Generic[T]):
    """One page of a search. ``last``: the terminal says that nothing follows; counts are None when it does not tell."""

    records: list[T]
    last: bool
    count: int | None
    total: int | None


class _People(msgspec.Struct):
    responseStatusStrg: str
    numOfMatches: int
    totalMatches: int
    UserInfo: list[WirePerson] = []


class _PeopleAnswer(msgspec.Struct):
    UserInfoSearch: _People


class _Cards(msgspec.Struct):
    responseStatusStrg: str
    numOfMatches: int
    totalMatches: int
    CardInfo: list[WireCard] = []


class _CardsAnswer(msgspec.Struct):
    CardInfoSearch: _Cards


_PEOPLE = msgspec.json.Decoder(_PeopleAnswer)
_CARDS = msgspec.json.Decoder(_CardsAnswer)


class NoSearch(Exception):
    """The answer holds no search result; ``tree`` is what it holds."""

    def __init__(self, tree: Tree) -> None:
        super().__init__("no search result")
        self.tree = tree


def decode_people(body: bytes) -> Found[WirePerson]:
    """Raises NotAnAnswer (no JSON, no XML), NoSearch (another answer) and ValueError (a person without a number)."""
    try:
        page = _PEOPLE.decode(body).UserInfoSearch
    except (msgspec.DecodeError, UnicodeDecodeError):  # ValidationError is one, too
        return _tolerant(body, "UserInfoSearch", "UserInfo", person_of)
    return Found(page.UserInfo, _is_last(page.responseStatusStrg), page.numOfMatches, page.totalMatches)


def decode_cards(body: bytes) -> Found[WireCard]:
    try:
        page = _CARDS.decode(body).CardInfoSearch
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _tolerant(body, "CardInfoSearch", "CardInfo", card_of)
    return Found(page.CardInfo, _is_last(page.responseStatusStrg), page.numOfMatches, page.totalMatches)


def decode_records(body: bytes) -> Found[Tree]:
    """Persons as they came, every field included, for merging into a write."""
    return _tolerant(body, "UserInfoSearch", "UserInfo", lambda raw: raw)


def decode_faces(body: bytes) -> Found[str]:
    """The employee numbers of those who have a face. The picture's address is of no use: it changes by itself."""
    return _tolerant(body, "", "MatchList", _owner_of)


def _owner_of(raw: Tree) -> str:
    if not (key := text(raw.get("FPID"))):
        raise ValueError("a face without an employee number")
    return key


def _tolerant(body: bytes, root: str, item: str, read: Callable[[Tree], T]) -> Found[T]:
    answer = tree(body)
    search = part(answer, root) if root else _bare(answer)
    if not search:
        raise NoSearch(answer)
    found = search.get(item)
    if found is None:
        found = part(search, f"{item}List").get(item)
    status = next((s for k in _STATUS_WORDS if (s := text(search.get(k)))), "")
    records = [read(raw) for raw in as_list(found) if isinstance(raw, dict)]
    if not status and not records and number(search.get("totalMatches")) is None:
        raise NoSearch(answer)
    return Found(records, _is_last(status), number(search.get("numOfMatches")), number(search.get("totalMatches")))


def _bare(answer: Tree) -> Tree:
    """An answer without a root; firmware that speaks XML puts one around it all the same."""
    inner = next(iter(answer.values()), None)
    return inner if len(answer) == 1 and isinstance(inner, dict) else answer


_STATUS_WORDS = ("responseStatusStrg", "responseStatusStrings", "responseStatus")


def _is_last(status: str) -> bool:
    return status.strip().upper() != "MORE"


def person_of(raw: Tree) -> WirePerson:
    """A person whatever the types; raises ValueError without an employee number."""
    key = text(raw.get("employeeNo"))
    if not key:
        raise ValueError("a person without an employee number")
    valid, right = part(raw, "Valid"), raw.get("doorRight")
    return WirePerson(
        key,
        text(raw.get("name")),
        text(raw.get("userType")) or "normal",
        _valid_of(valid) if valid else None,
        None if right is None else text(right),
        [WireRight(number(r.get("doorNo")) or 0, _plans_text(r.get("planTemplateNo"))) for r in _rights(raw.get("RightPlan"))],
        flag(raw.get("localUIRight")),
        msgspec.Raw(msgspec.json.encode(raw["PersonInfoExtends"]) if "PersonInfoExtends" in raw else b""),
    )


def _valid_of(valid: Tree) -> WireValid:
    return WireValid("enable" not in valid or flag(valid["enable"]), text(valid.get("beginTime")), text(valid.get("endTime")))


def _rights(value: Any) -> list[Tree]:
    if isinstance(value, dict) and "RightPlan" in value:
        value = value["RightPlan"]
    return [item for item in as_list(value) if isinstance(item, dict)]


def _plans_text(value: Any) -> str:
    return ",".join(text(item) for item in value) if isinstance(value, list) else text(value)


def card_of(raw: Tree) -> WireCard:
    key = text(raw.get("cardNo"))
    if not key:
        raise ValueError("a card without a number")
    return WireCard(key, text(raw.get("employeeNo")), text(raw.get("cardType")) or "normalCard")
