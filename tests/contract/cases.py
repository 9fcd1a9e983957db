"""What the contract suite needs to know of a provider; the suite itself knows none.

A new provider joins in three steps:

1. Give it a simulator: an ASGI app behind ``controller.sdk.simulation.Faults``.
2. Write a class below, derived from ``TargetCase`` or ``SourceCase``. A class holds the document of one resource (``URL`` stands
   for the simulator's address; the secret is the environment variable CONTRACT_PASSWORD; time limits of a fraction of a second,
   ``pace: 0``) and says how to look at the simulator from outside. It must not use the provider's own code to do so.
3. Add it to ``TARGETS`` or ``SOURCES``. A test fails for every provider of this repository that has no case.

Everything in ``test_targets.py`` or ``test_sources.py`` then runs over it: a second plan is empty, fields round-trip, deleting
deletes, and every fault of the wire ends as a sentence, never as a traceback and never as a removal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Protocol

from controller.sdk.simulation import Answer, AsgiScope, Faults, Receive, Send, check_basic, send_answer
from providers.cardskipper.simulator import Account, Register
from providers.edge_function.simulator import Function
from providers.hikvision.simulator import Terminal
from providers.postgrest.simulator import Server

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
    """What of a person is declared, each with another value that must arrive."""

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


# -- targets -----------------------------------------------------------------------------------------------------------------


class Hikvision(TargetCase):
    provider = "hikvision"
    document = """
apiVersion: trueup/v1
kind: Device
metadata: {name: it}
spec:
  provider: hikvision
  config: {url: "URL", username: admin, password: {env: CONTRACT_PASSWORD}, timeouts: {connect: 500ms, read: 500ms}}
  people:
    - from: people
      key: "{id}"
      name: "{full_name}"
      valid: {from: "2026-01-01", until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
      cards: "{card_no}"
  policy: {pace: 0, onRemoval: delete}
"""

    def simulator(self) -> Terminal:
        return Terminal(password=PASSWORD)

    def people(self, simulator: Terminal) -> dict[str, Person]:
        cards = {card["employeeNo"]: number for number, card in simulator.cards.items()}
        return {
            key: Person(key, person["name"], person["Valid"]["endTime"][:10], cards.get(key, ""))
            for key, person in simulator.persons.items()
        }

    def tamper(self, simulator: Terminal, key: str) -> None:
        simulator.edit_at_the_door(key, Valid={"endTime": "2037-12-31T23:59:59"})

    def endless(self, simulator: Terminal) -> None:
        simulator.quirks.more_forever = True

    def failed_logins(self, simulator: Terminal) -> int:
        return sum(login.failures for login in simulator.gate.logins.values())

    def fill(self, simulator: Terminal, count: int) -> None:
        for number in range(count):
            simulator.add_person(str(5000 + number), f"Stranger {number}")


class HikvisionByCustomField(Hikvision):
    """Persons found by a custom field of the terminal, cards given by number."""

    document = """
apiVersion: trueup/v1
kind: Device
metadata: {name: it}
spec:
  provider: hikvision
  config:
    {url: "URL", username: admin, password: {env: CONTRACT_PASSWORD}, timeouts: {connect: 500ms, read: 500ms},
     extendedField: {position: 1}}
  people:
    - from: people
      extended: "member {id}"
      findBy: {field: extended, case: ignore}
      key: "{id}"
      name: "{full_name}"
      valid: {from: "2026-01-01", until: "{valid_until}"}
      doors: [{door: 1, plan: 1}]
    - {from: people, key: "{id}", cards: "{card_no}", manage: [card]}
  policy: {pace: 0, onRemoval: delete}
"""


# -- sources -----------------------------------------------------------------------------------------------------------------


class Cardskipper(SourceCase):
    provider = "cardskipper"
    document = """
apiVersion: trueup/v1
kind: Source
metadata: {name: people}
spec:
  provider: cardskipper
  config:
    {url: "URL", organizationId: 4711, username: admin, password: {env: CONTRACT_PASSWORD}, timezone: Europe/Stockholm,
     onlyActive: false, connectTimeout: 500ms, readTimeout: 500ms}
"""

    def simulator(self, people: Sequence[Person]) -> Register:
        register = Register(4711, Account("admin", PASSWORD), today=date(2026, 5, 1))
        self.change(register, people)
        return register

    def change(self, simulator: Register, people: Sequence[Person]) -> None:
        simulator.members.clear()
        for person in people:
            first, _, last = person.name.partition(" ")
            simulator.add_member(int(person.id), first, last, (10, "2026-01-01", person.until))


@dataclass
class Documents:
    """A web server with one document behind Basic authentication."""

    render: Callable[[Sequence[Person]], tuple[bytes, bytes]]
    people: list[Person] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    @property
    def app(self) -> Any:
        return self.faults.wrap(self._answer)

    async def _answer(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if not check_basic(scope["headers"], "admin", PASSWORD):
            await send_answer(send, Answer(401, b"", ((b"www-authenticate", b'Basic realm="files"'),)))
            return
        kind, body = self.render(self.people)
        await send_answer(send, Answer(200, body, ((b"content-type", kind),)))


def as_csv(people: Sequence[Person]) -> tuple[bytes, bytes]:
    lines = [",".join(COLUMNS), *(",".join((p.id, p.name, p.until, p.card)) for p in people)]
    return b"text/csv", ("\n".join(lines) + "\n").encode()


def as_json(people: Sequence[Person]) -> tuple[bytes, bytes]:
    return b"application/json", json.dumps([vars(person) for person in people]).encode()


class _File(SourceCase):
    patient = True
    render: Callable[[Sequence[Person]], tuple[bytes, bytes]]

    def simulator(self, people: Sequence[Person]) -> Documents:
        return Documents(type(self).render, list(people))

    def change(self, simulator: Documents, people: Sequence[Person]) -> None:
        simulator.people[:] = people


_FILE = """
apiVersion: trueup/v1
kind: Source
metadata: {name: people}
spec:
  provider: PROVIDER
  config:
    {url: "URL/people.PROVIDER", username: admin, password: {env: CONTRACT_PASSWORD}, key: id,
     map: {id: id, full_name: name, valid_until: until, card_no: {column: card, sensitive: true}}}
"""


class Csv(_File):
    provider = "csv"
    render = staticmethod(as_csv)
    document = _FILE.replace("PROVIDER", "csv")


class Json(_File):
    provider = "json"
    render = staticmethod(as_json)
    document = _FILE.replace("PROVIDER", "json")


class Postgrest(SourceCase):
    provider = "postgrest"
    document = """
apiVersion: trueup/v1
kind: Source
metadata: {name: people}
spec:
  provider: postgrest
  config:
    {url: "URL/rest/v1", table: members, apiKey: {env: CONTRACT_PASSWORD}, pageSize: 2,
     map: {full_name: name, valid_until: until, card_no: {column: card, sensitive: true}},
     timeouts: {connect: 500ms, read: 500ms}}
"""

    def simulator(self, people: Sequence[Person]) -> Server:
        server = Server({"members": []}, key=PASSWORD, tokens=(PASSWORD,))
        self.change(server, people)
        return server

    def change(self, simulator: Server, people: Sequence[Person]) -> None:
        simulator.tables["members"] = [vars(person) for person in people]


class EdgeFunction(SourceCase):
    provider = "edge-function"
    document = """
apiVersion: trueup/v1
kind: Source
metadata: {name: people}
spec:
  provider: edge-function
  config:
    {url: "URL/functions/v1/external-api-proxy", action: get-angajati-biometrie, apiKey: {env: CONTRACT_PASSWORD},
     map: {full_name: nume_complet, valid_until: until, card_no: {column: biometrie.card, sensitive: true}},
     timeouts: {connect: 500ms, read: 500ms}}
"""

    def simulator(self, people: Sequence[Person]) -> Function:
        function = Function(key=PASSWORD)
        self.change(function, people)
        return function

    def change(self, simulator: Function, people: Sequence[Person]) -> None:
        simulator.employees[:] = [
            {"id": p.id, "nume_complet": p.name, "until": p.until, "status": "activ", "biometrie": {"card": p.card}} for p in people
        ]


TARGETS: tuple[TargetCase, ...] = (Hikvision(), HikvisionByCustomField())
SOURCES: tuple[SourceCase, ...] = (Cardskipper(), Csv(), Json(), Postgrest(), EdgeFunction())
