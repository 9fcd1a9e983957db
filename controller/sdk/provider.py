"""The door between the engine and a provider: values and small protocols, no base class.

A provider module holds one constant, ``PROVIDER``: a ``SourceProvider`` or a ``TargetProvider``. Everything in it that is a
plain function is pure. Readers only read; plan, drift and observe hold nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, runtime_checkable
from zoneinfo import ZoneInfo

import msgspec
from pydantic import BaseModel

from controller.model.change import Action
from controller.model.entity import Actual, Entity, EntityKind, Facts, Page, Provenance, Refusal
from controller.model.record import FieldType, Record, RecordRef, Unreadable, Value
from controller.sdk.context import Context, Endpoint
from controller.sdk.errors import Done, ProviderError
from controller.sdk.mapping import SubjectMapping
from controller.sdk.transcript import Transcribe

SDK_VERSION = 1


@dataclass(frozen=True)
class Problem:
    """Something wrong with a config or mapping that its types cannot say; ``path`` leads to it: ("people", 0, "manage").

    A ``warning`` stops nothing: it is told by validate, and beside what the target says in test and plans.
    """

    path: tuple[str | int, ...]
    message: str
    hint: str = ""
    warning: bool = False


# -- sources -----------------------------------------------------------------------------------------------------------------


class Source(Protocol):
    """An open source. ``records`` ends normally only when it has yielded everything; otherwise it raises ProviderError."""

    def records(self) -> AsyncIterator[Record | Unreadable]: ...

    async def facts(self) -> Facts:
        """Who answers, for ``trueup test``; raises ProviderError."""
        ...


def no_problems(*_: Any) -> Iterable[Problem]:
    return ()


def no_endpoint(config: Any) -> Endpoint | None:
    return None


@dataclass(frozen=True)
class SourceProvider:
    """A source of records.

    ``fields(config)`` names every field a record of this source can have, with its type, without connecting: mappings are
    checked against it. ``endpoint`` is None for files. ``zone`` and ``needs_zone`` say whether local times are written or read.
    ``needs`` says in words what the account must be allowed, and what else must be switched on.
    """

    name: str
    title: str
    config: type[BaseModel]
    record_type: Callable[[Any], str]
    fields: Callable[[Any], Mapping[str, FieldType]]
    source: Callable[[Any, Context], AbstractAsyncContextManager[Source]]
    endpoint: Callable[[Any], Endpoint | None] = no_endpoint
    check: Callable[[Any], Iterable[Problem]] = no_problems
    zone: Callable[[Any], str | None] = lambda config: None
    needs_zone: Callable[[Any], bool] = lambda config: False
    sensitive: Callable[[Any], frozenset[str]] = lambda config: frozenset()
    needs: tuple[str, ...] = ()


# -- targets -----------------------------------------------------------------------------------------------------------------


class Selected(msgspec.Struct, frozen=True, gc=False):
    """A record that passed its mapping's match and where: its fields with what joins added, and the records behind it."""

    fields: Mapping[str, Value]
    refs: tuple[RecordRef, ...]
    notes: tuple[str, ...] = ()


Wish: TypeAlias = Entity | Refusal


class DesiredFunction(Protocol):
    """Turns the records a mapping selected into entities. Pure; the same for every target with an equal mapping and zone.

    ``spec`` is the place of the mapping in the spec, for provenance. An entity whose key is not known names the field that it is
    found by (``Entity.sought``): the engine finds it by what it remembers, then by key, then by that field, and never guesses.
    """

    def __call__(self, mapping: Any, selected: Iterable[Selected], zone: ZoneInfo | None, spec: str) -> Iterator[Wish]: ...


@dataclass(frozen=True)
class Ref:
    """Names an entity to be read again."""

    key: str
    subject: str = ""
    remote_id: str = ""


@dataclass(frozen=True)
class Write:
    """One thing to write. ``values`` follow the kind's field order; for a delete they are the last observed ones.

    ``managed`` None means every field is ours. ``current`` is what the pre-read saw, None when absent.
    """

    id: str
    action: Action  # CREATE, UPDATE or DELETE as the target must see it
    kind: str
    key: str
    values: tuple[Any, ...]
    managed: tuple[str, ...] | None = None
    subject: str = ""
    remote_id: str = ""
    current: Actual | None = None


@dataclass(frozen=True)
class Written:
    """What became of one write. ``error`` None means the target said yes; the engine reads back before it believes it."""

    id: str
    effect: Done
    error: ProviderError | None = None
    remote_id: str = ""
    message: str = ""  # worth telling although it went well: "the device asks for a restart"
    evidence: str = ""  # what proves what was sent where it cannot be read back: the SHA-256 of a picture


class Reader(Protocol):
    """Looks and never touches."""

    async def facts(self) -> Facts: ...

    def observe(self, kinds: Sequence[str]) -> AsyncIterator[Page]:
        """Every entity of these kinds, page by page, kinds one after the other; ends normally only when complete, else raises."""
        ...

    async def read(self, kind: str, refs: Sequence[Ref]) -> list[Actual]:
        """These entities as they are now, in batches as large as the target allows; absent ones are left out."""
        ...


class Right(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the account may do one thing, found out by looking. ``message`` says what the system answered when it may not."""

    what: str  # "list the persons"
    allowed: bool
    message: str = ""


@runtime_checkable
class Checkable(Protocol):
    """A reader or source that can tell what its account may do. For ``trueup test``; tries reads alone, never a write."""

    async def rights(self) -> Sequence[Right]: ...


class Located(msgspec.Struct, frozen=True):
    """Where a picture can be had now; the address may be signed. ``headers`` go to it alone, never along with a redirect."""

    url: str
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Located(***)"


@runtime_checkable
class PictureSource(Protocol):
    """An open source whose records name pictures that it can find: ``face: {source: "{photo}"}``."""

    async def locate(self, record: str, name: str) -> Located | None:
        """An address for the picture that the record with this key calls so; None when it has none. Raises ProviderError."""
        ...


class Writer(Protocol):
    def apply(self, writes: Sequence[Write]) -> AsyncIterator[Written]:
        """Do the writes in order, one result each, as soon as it is known. A ProviderError of scope target may be raised:
        what has no result by then was not sent."""
        ...


@dataclass(frozen=True)
class TargetProvider:
    """A system that is made true.

    ``kinds`` in the order in which they are written. ``sections`` are the keys of a spec (``people``) with the model of one
    list item each. ``kinds_of(mapping)`` names the entity kinds a mapping manages. ``fit`` says what this target can hold
    (called once per distinct ``facts.limits``). ``bar(kind, actual, moment)`` gives the values of the safest form without
    access, or None when it is barred already; ``moment`` is the target's wall time. ``batch`` is how many entities one
    pre-read or read-back covers. ``needs`` says in words what the account must be allowed, and what else must be switched on.
    ``transcribe`` is the way back, for ``trueup import``; None: nothing is written down for this kind of target.
    """

    name: str
    title: str
    kind: str  # "Device"
    config: type[BaseModel]
    kinds: tuple[EntityKind, ...]
    sections: Mapping[str, type[SubjectMapping]]
    endpoint: Callable[[Any], Endpoint]
    kinds_of: Callable[[Any], tuple[str, ...]]
    desired: DesiredFunction
    fit: Callable[[Entity, Facts], Wish]
    reader: Callable[[Any, Context], AbstractAsyncContextManager[Reader]]
    writer: Callable[[Any, Context], AbstractAsyncContextManager[Writer]]
    bar: Callable[[str, Actual, datetime], tuple[Any, ...] | None]
    check: Callable[[Any], Iterable[Problem]] = no_problems  # gets the whole Resource
    zone: Callable[[Any], str | None] = lambda config: None
    identity: Callable[[Any], str | None] = lambda config: None  # serial number declared in the config
    keeps_time: bool = False  # judges validity by a clock of its own
    batch: int = 30
    needs: tuple[str, ...] = ()
    transcribe: Transcribe | None = None

    def kind_of(self, name: str) -> EntityKind:
        return next(kind for kind in self.kinds if kind.name == name)


Provider: TypeAlias = SourceProvider | TargetProvider

__all__ = [
    "Action",
    "Checkable",
    "Located",
    "PictureSource",
    "Problem",
    "Provenance",
    "Provider",
    "Reader",
    "Ref",
    "Right",
    "Selected",
    "Source",
    "SourceProvider",
    "TargetProvider",
    "Wish",
    "Write",
    "Writer",
    "Written",
]
