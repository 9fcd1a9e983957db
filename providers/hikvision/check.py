"""What the types of a spec cannot say: words that contradict each other, or that would have no effect. All at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.sdk import Problem
from providers.hikvision.address import SDK_PORT, speaks_sdk
from providers.hikvision.config import PeopleMapping

_BELONGS = {
    "name": "person",
    "doors": "person",
    "user_type": "person",
    "cards": "card",
    "card_type": "card",
    "face": "face",
}  # field -> what must be managed for it to have a meaning
_SPELLING = {"user_type": "userType", "card_type": "cardType"}


def check(resource: Any) -> Iterator[Problem]:
    """What the types cannot say about a whole resource (controller.spec.resource.Resource, by its attributes alone)."""
    if resource.zone is None:
        yield Problem(("config", "timezone"), "validity is written in local time, so the zone of the site is needed",
                      "write timezone: Europe/Stockholm here, or in the Controller's spec")  # fmt: skip
    if speaks_sdk(resource.config.address):
        yield Problem(("config", "port" if resource.config.host is not None else "url"),
                      f"port {SDK_PORT} is that of the vendor's own protocol; ISAPI mostly answers on 80, with https on 443",
                      "look at the terminal's network settings (HTTP port)", warning=True)  # fmt: skip
    people = [m.mapping for m in resource.mappings if m.section == "people"]
    if any(mapping.extended is not None for mapping in people) and resource.config.extended_field is None:
        yield Problem(("config", "extendedField"), "people have an extended field, but nothing says which of the terminal's it is",
                      "write extendedField: {position: 1} for the first custom field")  # fmt: skip
    for index, mapping in enumerate(people):
        for problem in _check_mapping(mapping, resource.policy.on_removal):
            yield Problem(("people", index, *problem.path), problem.message, problem.hint)


def _check_mapping(mapping: PeopleMapping, on_removal: str) -> Iterator[Problem]:
    managed = mapping.managed
    if {"person", "valid"} <= managed:
        yield Problem(("manage",), "[person, valid] contradict each other: person manages validity too", "write one of them")
    if "valid" in managed and on_removal == "delete":
        yield Problem(("manage",), "manage: [valid] never removes anybody, but the policy says onRemoval: delete",
                      "write onRemoval: expire or keep, or manage: [person]")  # fmt: skip
    for field, needed in _BELONGS.items():
        if field in mapping.model_fields_set and getattr(mapping, field) is not None and needed not in managed:
            yield Problem((_SPELLING.get(field, field),), f"declared, but {needed} is not managed here, so it would have no effect",
                          f"add {needed} to manage, or leave it out")  # fmt: skip
    if "extended" in mapping.model_fields_set and mapping.extended is not None and not (mapping.find_by or "person" in managed):
        yield Problem(("extended",), "declared, but it is neither written here (manage) nor looked for (findBy)",
                      "write findBy: extended, add person to manage, or leave it out")  # fmt: skip
    yield from _missing(mapping, managed)
    yield from _finding(mapping, managed)
    yield from _doors_twice(mapping)


def _finding(mapping: PeopleMapping, managed: frozenset[str]) -> Iterator[Problem]:
    if mapping.key is None and mapping.find_by is None:
        yield Problem(("key",), "the employee number is missing", 'write key: "{employee_no}", or findBy: extended')
    elif mapping.key is None and "person" in managed:
        yield Problem(("key",), "somebody new needs an employee number", 'write key: "{employee_no}", or manage: [valid]')
    if mapping.find_by is None:
        return
    if mapping.extended is None:
        yield Problem(("extended",), "the value to be found by is missing", 'write extended: "{email}"')
    for kind in ("card", "face"):
        if kind in managed:
            yield Problem(("findBy",), f"{kind}s need the employee number, and findBy is for those whose number is not known",
                          f"declare the {kind}s in an item of their own with key and manage: [{kind}]")  # fmt: skip


def _missing(mapping: PeopleMapping, managed: frozenset[str]) -> Iterator[Problem]:
    if managed & {"person", "valid"} and mapping.valid is None:
        yield Problem(("valid",), "validity is missing", 'write valid: {until: "{valid_until}"}, or {until: forever} for no end')
    if "valid" in mapping.model_fields_set and mapping.valid is not None and not managed & {"person", "valid"}:
        yield Problem(("valid",), "declared, but neither person nor valid is managed here", "add one of them to manage")
    if "person" in managed and mapping.name is None:
        yield Problem(("name",), "the name is missing", 'write name: "{first_name} {last_name}"')
    if "card" in managed and mapping.cards is None:
        yield Problem(("cards",), "cards are managed, but no card numbers are declared", 'write cards: "{card_no}"')
    if "face" in managed and mapping.face is None:
        yield Problem(("face",), "faces are managed, but no picture is declared", 'write face: {url: "{photo_url}"}')


def _doors_twice(mapping: PeopleMapping) -> Iterator[Problem]:
    seen: set[tuple[int, int]] = set()
    for index, door in enumerate(mapping.doors or ()):
        if (door.door, door.plan) in seen:
            yield Problem(("doors", index), f"door {door.door} with plan {door.plan} is declared twice", "leave one of them out")
        seen.add((door.door, door.plan))
