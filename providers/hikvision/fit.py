"""What a terminal can hold of a wish: clamped where that is never wider than declared, refused where it is not possible.

Pure. An open begin or end becomes the bound of the terminal's range, because it keeps no open ends; open at both ends stays
permanent, which terminals write as ``enable: false``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from controller.sdk import PERMANENT, Content, Entity, Facts, Period, Refusal, Wish
from providers.hikvision.isapi.capability import Cards, Faces, Limits, People
from providers.hikvision.kinds import CARD_TYPE, EXTENDED, OWNER, PERSON, PICTURE, Doors

_ALL_BUT_EXTENDED = tuple(field.name for field in PERSON.fields[:EXTENDED])


def fit(entity: Entity, facts: Facts) -> Wish:
    """The entity as this terminal can hold it, or why not. ``facts.limits`` is a ``Limits``; None promises nothing."""
    limits = facts.limits if isinstance(facts.limits, Limits) else Limits()
    if entity.kind == "card":
        return _fit_card(entity, limits)
    if entity.kind == "face":
        problem = _face_problem(entity, limits.faces)
        return _refusal(entity, *problem) if problem else entity
    return _fit_person(entity, limits)


def _fit_person(entity: Entity, limits: Limits) -> Wish:
    people = limits.people
    name, valid, doors, user_type, extended = entity.values
    if entity.sought is not None and not people.extends:
        return _nobody_found()
    problem = (
        _key_problem(entity.key, limits)
        or _name_problem(name, people)
        or _user_type_problem(user_type, people)
        or (extended and _extended_problem(extended, limits))
        or (doors and _door_problem(doors, people.doors, people.door_slots, people.plan, people.plans_per_door))
    )
    if problem:
        return _refusal(entity, *problem)
    if limits.extended and extended is None and entity.managed is None:
        entity = replace(entity, managed=_ALL_BUT_EXTENDED)
    if type(valid) is not Period or valid is PERMANENT:
        return entity
    clamped = clamp(valid, people)
    if isinstance(clamped, str):
        return _refusal(entity, "validity-out-of-range", clamped)
    if clamped is valid:
        return entity
    return _with(entity, (name, clamped, doors, user_type, extended))


def _with(entity: Entity, values: tuple[Any, ...]) -> Entity:
    e = entity
    return Entity(e.kind, e.key, values, e.subject, e.managed, e.only_existing, e.provenance, e.label, e.sought)


def _nobody_found() -> Refusal:
    """One for all, and without a record: nothing that this terminal keeps of ours may be removed because of it."""
    message = (
        "this terminal offers no custom person fields (PersonInfoExtends), so nobody can be found by one and nothing is changed; "
        "leave findBy out for this terminal and give the employee number as key"
    )
    return Refusal("person", None, "extended-not-offered", message)


def _extended_problem(extended: str, limits: Limits) -> tuple[str, str] | None:
    people = limits.people
    if not people.extends:
        message = "this terminal offers no custom person fields (PersonInfoExtends); leave extended out for it"
        return "extended-not-offered", message
    if limits.extended > people.extends:
        what = f"{people.extends} custom field{'s' if people.extends > 1 else ''}"
        return "no-such-field", f"this terminal has {what}, and extendedField names number {limits.extended}"
    if len(extended) > people.extend_length:
        most = people.extend_length
        return "extended-too-long", f"the extended field has {len(extended)} characters; this terminal takes at most {most}"
    return None


def clamp(valid: Period, people: People) -> Period | str:
    """The period within the terminal's range, itself when it lies there already; why not as text when it lies outside."""
    begin, end = valid.begin, valid.end
    if not begin and not end:
        return valid
    if end and end < people.begin:
        return f"validity ends {end[:10]}, before the terminal's calendar begins ({people.begin[:10]})"
    if begin > people.end:
        return f"validity begins {begin[:10]}, after the terminal's calendar ends ({people.end[:10]})"
    first, last = max(begin, people.begin), min(end or people.end, people.end)
    return valid if (first, last) == (begin, end) else Period(first, last)


def _key_problem(key: str, limits: Limits) -> tuple[str, str] | None:
    if not key:  # found by another field, and nobody new
        return None
    if len(key) > limits.people.key_length:
        most = limits.people.key_length
        return "key-too-long", f"the employee number {key!r} has {len(key)} characters; this terminal takes at most {most}"
    if limits.digits and not key.isdigit():
        return "key-unusable", f"the employee number {key!r} holds more than digits, and this terminal takes nothing else"
    return None


def _name_problem(name: str | None, people: People) -> tuple[str, str] | None:
    """Counted in characters: a terminal that counts bytes instead refuses the write itself, and that is told then."""
    if name is not None and len(name) > people.name_length:
        return "name-too-long", f"the name has {len(name)} characters; this terminal takes at most {people.name_length}"
    return None


def _user_type_problem(user_type: str | None, people: People) -> tuple[str, str] | None:
    if user_type is not None and people.user_types and user_type not in people.user_types:
        return "user-type-not-offered", f"user type {user_type} is not offered by this terminal ({', '.join(people.user_types)})"
    return None


@lru_cache(maxsize=1024)
def _door_problem(doors: Doors, there: tuple[int, ...], slots: int, last_plan: int, per_door: int) -> tuple[str, str] | None:
    """Cached, because nearly everybody has the same doors."""
    numbers = {door for door, _ in doors}
    if there and not numbers <= set(there):
        strange = ", ".join(str(door) for door in sorted(numbers - set(there)))
        return "no-such-door", f"this terminal has no door {strange} (it has {', '.join(map(str, there))})"
    if slots and len(numbers) > slots:
        return "too-many-doors", f"{len(numbers)} doors are declared; this terminal keeps rights for {slots} per person"
    if any(plan > last_plan for _, plan in doors):
        return "no-such-plan", f"this terminal's time plans end with number {last_plan}"
    most = max(sum(1 for door, _ in doors if door == one) for one in numbers)
    if per_door and most > per_door:
        return "too-many-plans", f"{most} time plans are declared for one door; this terminal takes {per_door}"
    return None


def _fit_card(entity: Entity, limits: Limits) -> Wish:
    problem = _card_problem(entity, limits.cards)
    return _refusal(entity, *problem) if problem else entity


def _card_problem(entity: Entity, cards: Cards) -> tuple[str, str] | None:
    owner, card_type = entity.values[OWNER], entity.values[CARD_TYPE]
    if not cards.offered:
        return "cards-not-offered", "this terminal keeps no cards"
    if len(entity.key) > cards.length:
        return (
            "card-number-too-long",
            f"a card number of {owner} has {len(entity.key)} characters; this terminal takes {cards.length}",
        )
    if cards.types and card_type not in cards.types:
        return "card-type-not-offered", f"card type {card_type} is not offered by this terminal ({', '.join(cards.types)})"
    return None


def _face_problem(entity: Entity, faces: Faces) -> tuple[str, str] | None:
    picture = entity.values[PICTURE]
    if not faces.offered:
        return "faces-not-offered", "this terminal keeps no faces; leave face out for it"
    if isinstance(picture, Content) and picture.direct and len(picture.name) > faces.address_length:
        most = faces.address_length
        message = f"the address of the picture has {len(picture.name)} characters; this terminal downloads from at most {most}"
        return "address-too-long", f"{message}: leave send: url out, then the picture is sent to it"
    return None


def _refusal(entity: Entity, code: str, message: str) -> Refusal:
    record = entity.provenance.records[0] if entity.provenance and entity.provenance.records else None
    key = None if entity.sought else entity.key  # whoever has that number at the terminal may be somebody else
    return Refusal(entity.kind, key, code, message, record, entity.provenance, entity.label)
