"""Entities: what a target keeps. Values stand in a tuple in the order of the kind's fields, so that equality is one compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from controller.model.record import RecordRef


class Effect(StrEnum):
    """What a change does to access. A change that widens in any respect grants; one that only narrows revokes."""

    GRANTS = "grants"
    REVOKES = "revokes"
    NEUTRAL = "neutral"


def neutral(before: Any, after: Any) -> Effect:
    return Effect.NEUTRAL


class Field(msgspec.Struct, frozen=True):
    """One field of an entity kind.

    ``sensitive``: readable, masked in every output. ``write_only``: cannot be read back, compared by fingerprint.
    ``immutable``: a change means delete and create. ``identity``: must agree before ``adopt: matching`` takes a stranger.
    ``type`` is the Python type of a value, for reading it back from a saved plan. ``usual`` is the value that is not worth
    telling when something new is made. ``effect(before, after)`` judges a change of this field; ``show(value)`` is the value in
    plain words; ``same_identity(desired, actual)`` compares an identity field leniently (letters lost on the way, case).
    """

    name: str
    title: str = ""
    type: Any = Any
    usual: Any = None
    sensitive: bool = False
    write_only: bool = False
    immutable: bool = False
    identity: bool = False
    clearable: bool = True
    effect: Callable[[Any, Any], Effect] = neutral
    show: Callable[[Any], str] | None = None
    same_identity: Callable[[Any, Any], bool] | None = None


class EntityKind(msgspec.Struct, frozen=True):
    """A kind of thing a target keeps; ``after`` names the kinds that must stand before it is written (card after person).

    ``sensitive_key``: the key itself is sensitive (a card number); outside the process only a keyed fingerprint of it appears.
    ``grants``: whether existing at all gives access (creating grants, deleting revokes).
    ``expires``: whether it has a form without access; without one, ``onRemoval: expire`` deletes it (a card).
    """

    name: str
    fields: tuple[Field, ...]
    after: tuple[str, ...] = ()
    sensitive_key: bool = False
    grants: bool = True
    title: str = ""
    plural: str = ""
    expires: bool = True

    def index(self, field: str) -> int:
        return next(i for i, f in enumerate(self.fields) if f.name == field)


class Provenance(msgspec.Struct, frozen=True, gc=False):
    """What made an entity: the place of its mapping in the spec and the records behind it."""

    spec: str  # "specs/doors.yaml:21"
    records: tuple[RecordRef, ...] = ()


class Sought(msgspec.Struct, frozen=True, gc=False):
    """By what an entity is found at the target when its key there is not known: a readable field of its kind and the value it
    must hold there. An empty value finds nobody. ``ignore_case``: ``Anna@x`` finds ``anna@x``."""

    field: str
    value: str
    ignore_case: bool = False


class Entity(msgspec.Struct, frozen=True, gc=False):
    """A desired entity. ``values`` follow the kind's field order; a field outside ``managed`` is None and left alone.

    ``managed`` None means every field. ``only_existing``: never created and never deleted, only the managed fields of what is
    already there are kept true (the update-only mode). ``sought``: the engine looks for it at the target and gives it the key
    found there; ``key`` is then the one it is made under when nobody is found, and may be empty with ``only_existing``.
    """

    kind: str
    key: str
    values: tuple[Any, ...]
    subject: str = ""  # key of the entity it is about: a card's person
    managed: tuple[str, ...] | None = None
    only_existing: bool = False
    provenance: Provenance | None = None
    label: str = ""  # how people call it: the person's name
    sought: Sought | None = None


class Actual(msgspec.Struct, frozen=True, gc=False):
    """An observed entity, normalised. ``guard`` says why trueup must not touch it unless listed (an administrator)."""

    key: str
    values: tuple[Any, ...]
    remote_id: str = ""
    subject: str = ""
    guard: str = ""
    label: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """A wish that cannot be followed: the entity stays as it is, neither granted nor revoked.

    ``key`` None: it is not known whom it is about; then ``record`` holds back what that record made earlier, and without a
    record everything the resource owns is held.
    """

    kind: str
    key: str | None
    code: str
    message: str
    record: RecordRef | None = None
    provenance: Provenance | None = None
    label: str = ""
    subject: str = ""  # whom it is about, as in Entity


class Facts(msgspec.Struct, frozen=True):
    """Who answered: serial number, model, firmware, clock and capacity. ``limits`` is the provider's own hashable value:
    two targets with equal limits can share what ``fit`` made."""

    identity: str = ""
    model: str = ""
    firmware: str = ""
    clock_offset: float | None = None  # seconds, target minus ours; None: the target has no clock
    capacity: Mapping[str, tuple[int | None, int | None]] = {}  # kind -> (used, at most)
    limits: Any = None
    notes: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """One page of an observation: entities of one kind, and how many the target said there are in all (None: it did not say)."""

    kind: str
    entities: list[Actual]
    total: int | None = None
