"""What the contract suite needs to know of a provider; the suite itself knows none.

A provider joins in three steps:

1. Give it a simulator: an ASGI app behind ``controller.sdk.simulation.Faults``.
2. Write a class derived from ``TargetCase`` or ``SourceCase``. It holds the document of one resource (``URL`` stands for the
   simulator's address; the secret is the environment variable CONTRACT_PASSWORD; time limits of a fraction of a second,
   ``pace: 0``) and says how to look at the simulator from outside. It must not use the provider's own code to do so.
3. Derive a class named ``Test...`` from ``TargetContract`` or ``SourceContract`` and give it the case.

Everything in ``targets.py`` or ``sources.py`` then runs over it: a second plan is empty, fields round-trip, deleting deletes, and
every fault of the wire ends as a sentence, never as a traceback and never as a removal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from controller.sdk.simulation import Faults

PASSWORD = "Contract-12345"
COLUMNS = ("id", "name", "until", "card")


@dataclass(frozen=True)
class Person:
    """One declared person, in words that every source and target here understands. ``until`` is a day, ``card`` may be empty."""

    id: str
    name: str
    until: str
    card: str = ""


PEOPLE = (
    Person("1001", "Åsa Öberg", "2036-12-31", "555001"),
    Person("1002", "Zan Kovac", "2036-12-31"),
    Person("1003", "Bo Önell", "2036-06-30", "555003"),
    Person("1004", "Eva Lund", "2036-12-31"),
)


class Simulator(Protocol):
    """An ASGI app with its faults; ``app`` is what is served."""

    faults: Faults

    @property
    def app(self) -> Any: ...


class TargetCase:
    """One target provider. ``document`` declares ``Device/it`` (or its kind) with people from the source ``people``, whose
    records have the fields id, full_name, valid_until and card_no. Names here hold nothing that a target may write differently."""

    provider: ClassVar[str]
    address: ClassVar[str] = "Device/it"
    document: ClassVar[str]
    fields: ClassVar[Mapping[str, Any]] = {"name": "Åsa Ek", "until": "2035-01-31", "card": "555999"}
    """What of a person is declared, each with another value that must arrive. What a target does not keep is left out."""

    @property
    def declared(self) -> tuple[Person, ...]:
        """Everybody as this target keeps them: what it has no field for is empty."""
        return tuple(
            Person(p.id, *(getattr(p, name) if name in self.fields else "" for name in ("name", "until", "card"))) for p in PEOPLE
        )

    def simulator(self) -> Simulator:
        """A target that holds nobody."""
        raise NotImplementedError

    def people(self, simulator: Any) -> dict[str, Person]:
        """Who stands there now, by key, read past the wire."""
        raise NotImplementedError

    def tamper(self, simulator: Any, key: str) -> None:
        """Somebody gives this person more access at the target itself."""
        raise NotImplementedError

    def endless(self, simulator: Any) -> None:
        """From now on a list never ends."""
        raise NotImplementedError

    def failed_logins(self, simulator: Any) -> int:
        """How often a wrong password was tried, as whoever locks accounts would count."""
        raise NotImplementedError

    def fill(self, simulator: Any, count: int) -> None:
        """So many strangers are there."""
        raise NotImplementedError


class SourceCase:
    """One source provider. ``document`` declares ``Source/people`` with fields id, full_name and valid_until, over the network."""

    provider: ClassVar[str]
    document: ClassVar[str]
    patient: ClassVar[bool] = False
    """Whether its time limit cannot be declared: then nobody waits for it here."""

    def simulator(self, people: Sequence[Person]) -> Simulator:
        """A source that has exactly these people."""
        raise NotImplementedError

    def change(self, simulator: Any, people: Sequence[Person]) -> None:
        """From now on it has these."""
        raise NotImplementedError

    def failed_logins(self, simulator: Any) -> int:
        return int(simulator.faults.unauthorized)
