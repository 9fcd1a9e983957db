"""What a terminal says it can hold and do, read from its capability documents into frozen, hashable values.

A terminal that offers no such document gets the defaults, which are the narrowest that were seen on real ones. Sources of the
field names: the vendor's capability messages for UserInfo, CardInfo and AccessControl.
"""

from __future__ import annotations

from typing import Any

import msgspec

from providers.hikvision.isapi.answer import Tree, as_list, flag, number, part, text, words

PAGE = 30  # more is clipped or refused by real terminals, whatever they promise
EARLIEST = "2000-01-01T00:00:00"
LATEST = "2037-12-31T23:59:59"
CARDS_PER_PERSON = 5
_PERSON_KEYS = frozenset({"employeeNo", "name", "userType", "Valid", "doorRight", "RightPlan"})
_CARD_KEYS = frozenset({"employeeNo", "cardNo", "cardType"})
_FUNCTIONS = frozenset({"post", "put", "delete", "get"})
_DIGITS = frozenset({"digit", "digits", "number", "numeric", "num"})


class People(msgspec.Struct, frozen=True):
    """Persons: ``keys`` are the accepted fields, ``functions`` the verbs in lower case, lengths count characters.

    ``begin`` and ``end`` bound every validity. ``doors`` (lowest, highest) and ``user_types`` are empty when unknown.
    """

    keys: frozenset[str] = _PERSON_KEYS
    functions: frozenset[str] = _FUNCTIONS
    page: int = PAGE
    batch: int = PAGE
    key_length: int = 32
    name_length: int = 128
    user_types: tuple[str, ...] = ()
    begin: str = EARLIEST
    end: str = LATEST
    local_time: bool = True
    doors: tuple[int, ...] = ()
    door_slots: int = 0  # most doors in RightPlan, 0: unknown
    plan: int = 65535  # highest number of a time plan
    plans_per_door: int = 0
    most: int | None = None
    filters: bool = True  # EmployeeNoList is understood
    extends: int = 0  # custom fields (PersonInfoExtends), 0: not offered
    extend_length: int = 64


class Cards(msgspec.Struct, frozen=True):
    """Cards; ``per_person`` 0 means no limit."""

    offered: bool = True
    keys: frozenset[str] = _CARD_KEYS
    functions: frozenset[str] = _FUNCTIONS
    page: int = PAGE
    batch: int = PAGE
    length: int = 32
    types: tuple[str, ...] = ()
    per_person: int = CARDS_PER_PERSON
    most: int | None = None


class Faces(msgspec.Struct, frozen=True):
    """Faces. ``told``: the terminal has a document about them; without one ``functions`` are unknown and empty.

    ``search``: they can be listed (FDSearch); ``counted``: each person shows how many it has. ``address_length`` in characters.
    """

    offered: bool = True
    told: bool = False
    functions: frozenset[str] = frozenset()
    search: bool = False
    counted: bool = False
    page: int = PAGE
    most: int | None = None
    address_length: int = 256


class Limits(msgspec.Struct, frozen=True):
    """Everything a terminal promised; ``digits``: employee numbers hold digits only. ``extended`` is the place of the custom field
    that the config names, 0 when it names none."""

    people: People = People()
    cards: Cards = Cards()
    faces: Faces = Faces()
    digits: bool = False
    detail_delete: bool = False
    keeps_persons: bool = True
    extended: int = 0


def limits_of(terminal: Tree, people: Tree, cards: Tree, faces: Tree | None = None) -> Limits:
    """From the four documents as trees, each empty where it is not offered."""
    root = part(terminal, "AccessControl") or terminal
    number_info = part(root, "EmployeeNoInfo")
    kind = text(number_info.get("characterType", number_info.get("@characterType"))) or ",".join(
        words(number_info.get("characterType"))
    )
    has_cards, has_faces = root.get("isSupportCardInfo"), root.get("isSupportFDLib")
    return Limits(
        people=people_of(people),
        cards=cards_of(cards) if has_cards is None or flag(has_cards) else Cards(offered=False),
        faces=faces_of(faces or {}, people, None if has_faces is None else flag(has_faces)),
        digits=kind.lower() in _DIGITS,
        detail_delete=flag(root.get("isSupportUserInfoDetailDelete")),
        keeps_persons="isSupportUserInfo" not in root or flag(root["isSupportUserInfo"]),
    )


def people_of(document: Tree) -> People:
    root = part(document, "UserInfo") or part(document, "UserInfoCap")
    if not root:
        return People()
    search, valid, right = part(root, "UserInfoSearchCond"), part(root, "Valid"), _first(root.get("RightPlan"))
    custom = _first(root.get("PersonInfoExtends"))
    listed = frozenset(root) & _WRITABLE
    return People(
        keys=listed | {"employeeNo", "Valid"} if "employeeNo" in root else _PERSON_KEYS,
        functions=_functions(root),
        page=_upper(search.get("maxResults"), PAGE, PAGE),
        batch=_smaller(_list_length(search, "EmployeeNoList"), _list_length(part(root, "UserInfoDelCond"), "EmployeeNoList")),
        key_length=_upper(root.get("employeeNo"), 32, 32),
        name_length=_upper(root.get("name"), 128),
        user_types=words(root.get("userType")),
        begin=_moment(valid.get("timeRangeBegin"), EARLIEST),
        end=_moment(valid.get("timeRangeEnd"), LATEST),
        local_time="timeType" in valid and "local" in (words(valid["timeType"]) or ("local",)),
        doors=_range(right.get("doorNo")),
        door_slots=number(right.get("maxSize", right.get("@size"))) or 0,
        plan=_upper(right.get("planTemplateNo"), 65535),
        plans_per_door=number(right.get("maxPlanTemplate")) or 0,
        most=number(root.get("maxRecordNum")),
        filters=not search or "EmployeeNoList" in search,
        extends=(number(custom.get("maxSize", custom.get("@size"))) or 1) if "PersonInfoExtends" in root else 0,
        extend_length=_upper(custom.get("value"), 64),
    )


_WRITABLE = frozenset({
    "employeeNo", "name", "userType", "closeDelayEnabled", "Valid", "belongGroup", "password", "localPassword", "doorRight",
    "RightPlan", "maxOpenDoorTime", "roomNumber", "floorNumber", "floorNumbers", "callNumbers", "localUIRight", "gender",
    "userVerifyMode", "PersonInfoExtends", "dynamicCode", "phoneNo", "age", "groupId", "groupName", "userLevel", "checkUser",
})  # fmt: skip


def cards_of(document: Tree) -> Cards:
    root = part(document, "CardInfo") or part(document, "CardInfoCap")
    if not root:
        return Cards()
    search = part(root, "CardInfoSearchCond")
    per_person = next((n for k in ("numberPerPerson", "maxNumPerPerson") if (n := _upper(root.get(k), 0))), CARDS_PER_PERSON)
    return Cards(
        keys=frozenset(root) & (_CARD_KEYS | {"checkCardNo", "checkEmployeeNo"}) if "cardNo" in root else _CARD_KEYS,
        functions=_functions(root),
        page=_upper(search.get("maxResults"), PAGE, PAGE),
        batch=_smaller(_list_length(search, "CardNoList"), PAGE),
        length=_upper(root.get("cardNo"), 32, 32),
        types=words(root.get("cardType")),
        per_person=0 if per_person >= 255 else per_person,
        most=number(root.get("maxRecordNum")),
    )


def faces_of(document: Tree, people: Tree, offered: bool | None) -> Faces:
    """``offered`` None: the terminal does not say whether it keeps faces; then whatever else it says of them counts.

    More faces than persons cannot be kept, whatever the document promises.
    """
    root = part(document, "FDLib") or part(document, "FDLibCap") or document
    persons = part(people, "UserInfo") or part(people, "UserInfoCap")
    counted = flag(persons.get("isSupportNumOfFace"))
    if offered is False or (offered is None and not root and not counted):
        return Faces(offered=False)
    limits = (number(persons.get("maxRecordNum")), number(root.get("FDRecordDataMaxNum")))
    return Faces(
        told=bool(root),
        functions=frozenset(word.lower() for word in words(root.get("supportFDFunction"))),
        search=flag(root.get("isSuportFDSearch")) or flag(root.get("isSupportFDSearch")),
        counted=counted,
        most=min((limit for limit in limits if limit), default=None),
        address_length=_upper(root.get("faceURLLen"), 256),
    )


def says_no_faces(terminal: Tree) -> bool:
    """Whether its abilities say outright that it has no face library: then there is nothing more to ask."""
    root = part(terminal, "AccessControl") or terminal
    return "isSupportFDLib" in root and not flag(root["isSupportFDLib"])


def library_count(document: Tree) -> int | None:
    """How many faces are in the library that is used here; the count stands on top or with its library."""
    libraries = [one for one in as_list(document.get("FDRecordDataInfo")) if isinstance(one, dict)]
    ours = next((one for one in libraries if text(one.get("FDID")) == "1"), document)
    return number(ours.get("recordDataNumber"))


def _functions(root: Tree) -> frozenset[str]:
    return frozenset(word.lower() for word in words(root.get("supportFunction"))) or _FUNCTIONS


def _first(value: Any) -> Tree:
    """RightPlan's abilities stand in an object or in a list of one."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, dict) else {}


def _upper(value: Any, default: int, most: int | None = None) -> int:
    """``{"@max": 30}`` or a bare number; never above ``most``, the default for anything that is not positive."""
    found = number(value.get("@max", value.get("#text"))) if isinstance(value, dict) else number(value)
    found = found if found and found > 0 else default
    return min(found, most) if most is not None else found


def _list_length(condition: Tree, name: str) -> int:
    entry = _first(condition.get(name))
    return number(entry.get("maxSize", entry.get("@size"))) or PAGE


def _smaller(*lengths: int) -> int:
    return min(PAGE, *(length for length in lengths if length > 0))


def _range(value: Any) -> tuple[int, ...]:
    """The numbers from ``@min`` to ``@max`` or under ``@opt``; empty when unknown or absurdly many."""
    if not isinstance(value, dict):
        return ()
    if "@opt" in value:
        return tuple(n for word in words(value) if (n := number(word)) is not None)
    low, high = number(value.get("@min")), number(value.get("@max"))
    if low is None or high is None or not 0 < low <= high <= 256:
        return ()
    return tuple(range(low, high + 1))


def _moment(value: Any, default: str) -> str:
    found = text(value)[:19]
    return found if len(found) == 19 and found[10] == "T" else default
