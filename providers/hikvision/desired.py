"""From selected records to the persons, cards and faces that a terminal shall have. Pure, and equal for every terminal with this
mapping.

A record that does not say enough is refused: whatever it made earlier stays as it is, its cards and its face included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from controller.sdk import Entity, Period, Provenance, Refusal, Selected, Sought, Value, Wish
from controller.sdk.pictures.naming import Naming, Unusable, compile_picture, recipe_mark
from controller.sdk.pictures.portrait import Recipe
from controller.sdk.template import compile_template, missing_fields, single_field
from controller.sdk.validity import Invalid, compile_valid
from providers.hikvision.config import PeopleMapping
from providers.hikvision.kinds import terminal_name

RECIPE = Recipe()
"""One for all terminals: what is declared is the same for each of them. Its numbers suit all models that were seen."""
KEY_LENGTH = 32
_KEY = re.compile(r"[A-Za-z0-9_-]{1,32}").fullmatch
_CARD = re.compile(r"[A-Za-z0-9]{1,32}").fullmatch

Fill = Callable[[Mapping[str, Value]], str | None]
Numbers = Callable[[Mapping[str, Value]], list[str]]


@dataclass(frozen=True)
class _Rules:
    """A mapping, compiled. ``cards`` None: cards are not managed here; ``face`` None: nor are faces; ``person`` false: nor are
    persons. ``written``: the extended field is, not only looked for."""

    mapping: PeopleMapping
    key: Fill
    name: Fill | None
    extended: Fill | None
    valid: Callable[[Mapping[str, Value]], Period | Invalid] | None
    doors: tuple[tuple[int, int], ...] | None
    user_type: str | None
    cards: Numbers | None
    face: Naming | None
    person: bool
    written: bool
    managed: tuple[str, ...] | None
    only_existing: bool
    spec: str


def desired(mapping: PeopleMapping, selected: Iterable[Selected], zone: ZoneInfo | None, spec: str) -> Iterator[Wish]:
    """One person per record, then its cards and its face; a Refusal for each record that cannot be followed."""
    rules = _compile(mapping, zone, spec)
    key_of, name_of, valid_of, doors, user_type = rules.key, rules.name, rules.valid, rules.doors, rules.user_type
    managed, only_existing = rules.managed, rules.only_existing
    extended_of, sought_by, written = rules.extended, mapping.find_by, rules.written
    extended: str | None = None
    sought: Sought | None = None
    valid: Period | Invalid | None = None
    name: str | None = None
    for one in selected:
        fields = one.fields
        key = key_of(fields)
        if key is None and sought_by is not None:
            key = ""
        elif key is None or not _KEY(key):
            yield from _refuse(rules, one, None, *_key_problem(mapping, fields, key))
            continue
        if valid_of is not None:
            valid = valid_of(fields)
            if type(valid) is not Period:
                yield from _refuse(rules, one, key, *_invalid(valid))
                continue
        if name_of is not None:
            name = name_of(fields)
            if name is None:
                yield from _refuse(rules, one, key, "name-missing", f"there is no name: {_lacking(mapping.name, fields)}")
                continue
            name = terminal_name(name)
        if extended_of is not None:
            text = extended_of(fields) or ""
            extended = text if written else None
            sought = Sought("extended", text, sought_by.case == "ignore") if sought_by is not None else None
        provenance = Provenance(spec, one.refs)
        if rules.person:
            values = (name, valid, doors, user_type, extended)
            yield Entity("person", key, values, "", managed, only_existing, provenance, name or _called(fields) or "", sought)
        if rules.cards is not None:  # also asked in there, but a generator per record costs
            yield from _cards(rules, one, key, provenance, name or "")
        if rules.face is not None:
            yield from _face(rules.face, one, key, provenance, name or "")


_called = compile_template(("{first_name} {last_name}", "{full_name}"))  # whom a message is about where no name is managed


def _compile(mapping: PeopleMapping, zone: ZoneInfo | None, spec: str) -> _Rules:
    managed = mapping.managed
    whole = "person" in managed
    doors = tuple(sorted({(d.door, d.plan) for d in mapping.doors})) if whole and mapping.doors is not None else None
    fields = None if doors is not None else ("name", "valid", "user_type", *(("extended",) if mapping.extended else ()))
    return _Rules(
        mapping=mapping,
        key=compile_template(mapping.key) if mapping.key else lambda fields: None,
        name=compile_template(mapping.name) if mapping.name and whole else None,
        extended=compile_template(mapping.extended) if mapping.extended else None,
        valid=compile_valid(mapping.valid, zone) if mapping.valid and managed & {"person", "valid"} else None,
        doors=doors,
        user_type=mapping.user_type if whole else None,
        cards=_compile_cards(mapping.cards) if mapping.cards and "card" in managed else None,
        face=_compile_face(mapping) if "face" in managed else None,
        person=whole or "valid" in managed,
        written=whole,
        managed=fields if whole else ("valid",),
        only_existing=not whole,
        spec=spec,
    )


def _compile_cards(templates: tuple[str, ...]) -> Numbers:
    picks = [_pick(template) for template in templates]

    def numbers(fields: Mapping[str, Value]) -> list[str]:
        return list(dict.fromkeys(number for pick in picks for number in pick(fields)))

    return numbers


def _pick(template: str) -> Callable[[Mapping[str, Value]], tuple[str, ...]]:
    name, fill = single_field(template), compile_template((template,))

    def pick(fields: Mapping[str, Value]) -> tuple[str, ...]:
        value = fields.get(name) if name is not None else None
        if isinstance(value, tuple):
            return tuple(text for item in value if (text := item.strip()))
        number = fill(fields)
        return () if number is None else (number,)

    return pick


def _cards(rules: _Rules, one: Selected, owner: str, provenance: Provenance, label: str) -> Iterator[Wish]:
    for number in rules.cards(one.fields) if rules.cards is not None else ():
        if _CARD(number):
            yield Entity("card", number, (owner, rules.mapping.card_type), owner, None, False, provenance, label)
        else:
            message = f"a card number of {owner} is not usable: 1 to 32 letters and digits, nothing else"
            record = one.refs[0] if one.refs else None
            yield Refusal("card", number, "card-number-unusable", message, record, provenance, label, subject=owner)


def _compile_face(mapping: PeopleMapping) -> Naming | None:
    face = mapping.face
    if face is None:
        return None
    direct = face.send == "url"
    return compile_picture(face, mapping.from_, "as-it-is" if direct else recipe_mark(RECIPE), direct=direct)


def _face(picture_of: Naming, one: Selected, owner: str, provenance: Provenance, label: str) -> Iterator[Wish]:
    """None without a picture: then one that was sent for this record goes."""
    record = one.refs[0] if one.refs else None
    picture = picture_of(one.fields, record.key if record else "", owner)
    if isinstance(picture, Unusable):
        message = f"{picture.message}; the face stays as it is"
        yield Refusal("face", owner, picture.code, message, record, provenance, label, subject=owner)
    elif picture is not None:
        yield Entity("face", owner, (picture,), owner, None, False, provenance, label)


def _refuse(rules: _Rules, one: Selected, key: str | None, code: str, message: str) -> Iterator[Refusal]:
    record, provenance = one.refs[0] if one.refs else None, Provenance(rules.spec, one.refs)
    if rules.person:
        yield Refusal("person", key, code, message, record, provenance)
    if rules.cards is not None:
        yield Refusal("card", None, code, f"{message}; the cards stay as they are", record, provenance, subject=key or "")
    if rules.face is not None:
        yield Refusal("face", key, code, f"{message}; the face stays as it is", record, provenance, subject=key or "")


def _key_problem(mapping: PeopleMapping, fields: Mapping[str, Value], key: str | None) -> tuple[str, str]:
    if key is None:
        return "no-key", f"there is no employee number: {_lacking(mapping.key, fields)}"
    if len(key) > KEY_LENGTH:
        return "key-too-long", f"the employee number {key!r} has {len(key)} characters; a terminal takes at most {KEY_LENGTH}"
    return "key-unusable", f"the employee number {key!r} holds more than letters, digits, - and _"


def _lacking(template: tuple[str, ...] | None, fields: Mapping[str, Value]) -> str:
    return f"{' and '.join(missing_fields(template or (), fields)) or 'nothing'} has no value"


def _invalid(problem: Any) -> tuple[str, str]:
    return problem.code, problem.message
