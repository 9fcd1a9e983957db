"""The cases of this repository's own providers; ``controller/contract/cases.py`` says how one is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from controller.contract import PASSWORD, Person, SourceCase
from controller.contract.place import as_csv
from controller.contract.terminal import Terminal
from controller.sdk.simulation import Answer, AsgiScope, Faults, Receive, Send, check_basic, send_answer
from providers.cardskipper.simulator import Account, Register
from providers.edge_function.simulator import Function
from providers.postgrest.simulator import Server

GREY = (  # a PNG of 96 x 128
    "iVBORw0KGgoAAAANSUhEUgAAAGAAAACACAIAAAB7vvvtAAAAsklEQVR42u3QIQEAMAgAsPOsaDTxSYDCbhEWXfnYfQWCBAkSJEiQIEEIEiRIkCBBggQhSJAgQYIE"
    "CRKEIEGCBAkSJEiQIAQJEiRIkCBBghAkSJAgQYIECUKQIEGCBAkSJEgQggQJEiRIkCBBCBIkSJAgQYIEIUiQIEGCBAkSJAhBggQJEiRIkCAECRIkSJAgQYIQJEiQ"
    "IEGCBAkShCBBggQJEiRIEIIECRIkSJAgQQgSdDciLQJKnV9R2gAAAABJRU5ErkJggg=="
)


class HikvisionByCustomField(Terminal):
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


class HikvisionWithFaces(Terminal):
    """Persons and one face for all, which cannot be read back. A plain grey picture stands for a face here."""

    document = Terminal.document.replace('cards: "{card_no}"', f'cards: "{{card_no}}"\n      face: {{base64: "{GREY}"}}')


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


def csv_answer(people: Sequence[Person]) -> tuple[bytes, bytes]:
    return b"text/csv", as_csv(people)


def json_answer(people: Sequence[Person]) -> tuple[bytes, bytes]:
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
    render = staticmethod(csv_answer)
    document = _FILE.replace("PROVIDER", "csv")


class Json(_File):
    provider = "json"
    render = staticmethod(json_answer)
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
