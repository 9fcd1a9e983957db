"""One target while a plan is made: its rules as answers to questions, what we own there, and what has been decided so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from controller.engine.marks import Marks
from controller.engine.wishes.desired import DesiredSet, Fitted
from controller.engine.world import Report, silent
from controller.model.address import Address, Pattern
from controller.model.change import Change, Notice, Verdict
from controller.model.entity import Actual, Entity, EntityKind, Facts, Page
from controller.sdk.provider import TargetProvider
from controller.spec.policy import Policy


class Protections:
    """Which entities must not be touched, from the specs of today and from what the state remembers."""

    def __init__(
        self, address: Address, protect: tuple[str, ...], never_remove: tuple[str, ...], administrators: tuple[str, ...]
    ) -> None:
        self._address = address
        self._protect = _patterns(address, protect)
        self._never_remove = _patterns(address, never_remove)
        self._administrators = _patterns(address, administrators)

    def name(self, kind: str) -> bool:
        """Whether anything of this kind may be named by one of the patterns."""
        words = (text.partition("/")[0] for text, _ in (*self._protect, *self._never_remove))
        return any(Pattern(f"{self._address}:{word}/*").covers(self._address.of(kind, "any")) for word in words)

    def untouchable(self, kind: str, key: str, guard: str) -> str:
        """Why this entity must not be changed; empty when it may be."""
        place = self._address.of(kind, key)
        if pattern := _first(self._protect, place):
            return f"protected by {pattern}"
        if guard and not _first(self._administrators, place):
            return f"{guard}; list it under policy.manageAdministrators to let trueup change it"
        return ""

    def lasting(self, kind: str, key: str) -> str:
        """Why this entity must not be removed; empty when it may be."""
        pattern = _first(self._never_remove, self._address.of(kind, key))
        return f"never removed: {pattern}" if pattern else ""


def _patterns(address: Address, texts: tuple[str, ...]) -> list[tuple[str, Pattern]]:
    return [(text, Pattern(f"{address}:{text}")) for text in texts]


def _first(patterns: list[tuple[str, Pattern]], place: Address) -> str:
    return next((text for text, pattern in patterns if pattern.covers(place)), "")


def unwatched(address: Address, page: Page) -> None:
    """For callers that want decisions alone."""


@dataclass(frozen=True)
class Looking:
    """How targets are looked at: ``report`` hears of the progress, ``saw`` of every page that was read, ``anew`` names the
    entities to be made anew, ``emptying`` the resources on which nothing is wanted any more."""

    report: Report = silent
    fitted: Fitted = field(default_factory=Fitted)
    saw: Callable[[Address, Page], None] = unwatched
    anew: frozenset[Address] = frozenset()
    emptying: frozenset[Address] = frozenset()


@dataclass
class Tally:
    """What was counted while comparing."""

    actual: int = 0
    unchanged: int = 0
    foreign: int = 0
    held: int = 0


@dataclass
class Target:
    """Everything that deciding about one target needs, and the decisions."""

    address: Address
    provider: TargetProvider
    policy: Policy
    desired: DesiredSet
    protections: Protections
    marks: Marks
    moment: datetime  # the target's wall time
    facts: Facts = field(default_factory=Facts)
    owned: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # kind -> token -> status
    ignore: frozenset[str] = frozenset()
    changes: list[Change] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    guards: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, key) -> why it must not be touched
    anew: set[tuple[str, str]] = field(default_factory=set)  # (kind, token) of what is asked to be made anew
    apart: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, key) -> why it is there, declared, and not ours
    needed: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, key) -> why it must not be deleted: what hangs on it
    tally: Tally = field(default_factory=Tally)
    wishes: dict[str, Entity] = field(default_factory=dict)  # what each change writes, by change id; never leaves the process
    _next: int = 0

    def managed(self, kind: EntityKind, declared: tuple[str, ...] | None) -> tuple[str, ...]:
        names = tuple(f.name for f in kind.fields) if declared is None else declared
        return tuple(n for n in names if n not in self.ignore) if self.ignore else names

    def untouchable(self, kind: EntityKind, key: str, subject: str) -> str:
        """Why this must not be changed; what hangs on somebody untouchable (his cards) is untouchable too."""
        for name, place in ((kind.name, key), *((parent, subject) for parent in kind.after if subject)):
            if reason := self.protections.untouchable(name, place, self.guards.get((name, place), "")):
                return reason
        return ""

    def saw(self, kind: EntityKind, entities: Iterable[Actual]) -> None:
        """Note whom protected entities hang on: at a device a card goes with its person."""
        if not (kind.after and self.protections.name(kind.name)):
            return
        for actual in entities:
            rules = self.protections
            if reason := rules.untouchable(kind.name, actual.key, "") or rules.lasting(kind.name, actual.key):
                word = kind.title or kind.name
                self.needed |= {(parent, actual.subject): f"a {word} that would go with it is {reason}" for parent in kind.after}

    def hangs_apart(self, kind: EntityKind, subject: str) -> str:
        """Why nothing may be hung on this subject: a card given to a stranger would open whatever the stranger may."""
        return next((self.apart[parent, subject] for parent in kind.after if (parent, subject) in self.apart), "")

    def renews(self, kind: EntityKind, wish: Entity) -> bool:
        """Whether this is to be made anew; what hangs on somebody who is made anew goes with him and is made anew too."""
        if not self.anew:
            return False
        places = ((kind.name, self.marks.token(kind, wish.key)), *((parent, wish.subject) for parent in kind.after))
        return any(place in self.anew for place in places)

    def change_id(self) -> str:
        self._next += 1
        return f"{self.address}#{self._next}"

    def notice(self, verdict: Verdict, code: str, message: str, **more: str) -> None:
        self.notices.append(Notice(str(self.address), verdict, code, message, **more))
