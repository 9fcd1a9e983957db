"""What a terminal remembers: persons, cards, faces, events, its clock. No HTTP here.

A person is kept as its encoded JSON: a page of Search is a join of these bytes, and equal bytes can be shared between many
terminals. Whoever reads a person gets a fresh dict; changing that dict changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.sdk import Clock, SystemClock
from providers.hikvision.simulator.profiles import Profile, Quirks


class Persons(Mapping[str, dict[str, Any]]):
    """Persons by employeeNo, in the order of their arrival, as the wire dicts of a Search answer."""

    def __init__(self) -> None:
        self._encoded: dict[str, bytes] = {}
        self._order: list[str] | None = None
        self.pins: dict[str, str] = {}

    def __getitem__(self, employee_no: str) -> dict[str, Any]:
        person: dict[str, Any] = msgspec.json.decode(self._encoded[employee_no])
        return person

    def __contains__(self, employee_no: object) -> bool:
        return employee_no in self._encoded

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)

    def put(self, person: Mapping[str, Any]) -> None:
        self.put_encoded(person["employeeNo"], msgspec.json.encode(person))

    def put_encoded(self, employee_no: str, encoded: bytes) -> None:
        """Keep JSON that is already encoded; equal bytes may be shared between terminals."""
        if employee_no not in self._encoded:
            self._order = None
        self._encoded[employee_no] = encoded

    def remove(self, employee_no: str) -> None:
        if self._encoded.pop(employee_no, None) is not None:
            self._order = None
        self.pins.pop(employee_no, None)

    def order(self) -> list[str]:
        if self._order is None:
            self._order = list(self._encoded)
        return self._order

    def encoded(self, employee_no: str) -> bytes:
        return self._encoded[employee_no]


@dataclass
class Face:
    """An enrolled picture; ``number`` counts the enrolments of this terminal, so it changes with every write."""

    number: int
    picture: bytes


@dataclass
class DetailDelete:
    """A running deletion with credentials."""

    employee_nos: list[str]
    polls: int = 0
    over: bool = False


@dataclass
class Device:
    """The whole memory of one terminal. ``clock_offset`` is how many seconds its clock is ahead of the true time."""

    profile: Profile
    quirks: Quirks
    serial: str
    timezone: ZoneInfo
    clock: Clock = field(default_factory=SystemClock)
    clock_offset: float = 0.0
    time_mode: str = "NTP"
    address: str = "192.0.2.10"
    persons: Persons = field(default_factory=Persons)
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    faces: dict[str, Face] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)  # what the terminal can download, by URL
    events: list[dict[str, Any]] = field(default_factory=list)
    doors: dict[int, str] = field(default_factory=dict)
    detail_delete: DetailDelete | None = None
    modeling_left: int = 0
    lagging: dict[str, list[int]] = field(default_factory=dict)  # by employeeNo: searches left, the old numOfFace
    enrolments: int = 0
    pages_served: int = 0
    standing: Callable[[str], dict[str, Any]] = lambda client: {}  # how the login lock stands for an address
    _cards_of: dict[str, list[str]] = field(default_factory=dict)

    @property
    def extends(self) -> int:
        """How many custom person fields there are."""
        return 0 if self.quirks.no_extends else self.profile.extends

    def local_now(self) -> datetime:
        """What the terminal's clock shows, with its offset from UTC."""
        return (self.clock.now() + timedelta(seconds=self.clock_offset)).astimezone(self.timezone)

    def cards_of(self, employee_no: str) -> list[str]:
        return self._cards_of.get(employee_no, [])

    def put_card(self, card: Mapping[str, Any]) -> None:
        number = card["cardNo"]
        if number not in self.cards:
            self._cards_of.setdefault(card["employeeNo"], []).append(number)
        self.cards[number] = dict(card)
        self.count_credentials(card["employeeNo"])

    def remove_card(self, card_no: str) -> None:
        card = self.cards.pop(card_no, None)
        if card is not None:
            self._cards_of[card["employeeNo"]].remove(card_no)
            self.count_credentials(card["employeeNo"])

    def put_face(self, employee_no: str, picture: bytes) -> None:
        self._lag(employee_no)
        self.enrolments += 1
        self.faces[employee_no] = Face(self.enrolments, picture)
        self.count_credentials(employee_no)

    def remove_face(self, employee_no: str) -> None:
        self._lag(employee_no)
        del self.faces[employee_no]
        self.count_credentials(employee_no)

    def remove_person(self, employee_no: str) -> None:
        """With cards and face; an absent person is no error."""
        self.persons.remove(employee_no)
        for card_no in list(self.cards_of(employee_no)):
            self.remove_card(card_no)
        if not self.quirks.keeps_faces:
            self.faces.pop(employee_no, None)

    def _lag(self, employee_no: str) -> None:
        if self.quirks.face_count_lag:
            self.lagging[employee_no] = [self.quirks.face_count_lag, int(employee_no in self.faces)]

    def faces_shown(self, employee_no: str) -> int:
        """How many faces a search for this person shows now; the count may lag behind."""
        left = self.lagging.get(employee_no)
        if left is None or left[0] <= 0:
            return int(employee_no in self.faces)
        left[0] -= 1
        return left[1]

    def count_credentials(self, employee_no: str) -> None:
        if employee_no not in self.persons:
            return
        person = self.persons[employee_no]
        face = self.faces.get(employee_no)
        person["numOfCard"], person["numOfFace"] = len(self.cards_of(employee_no)), int(face is not None)
        person.pop("faceURL", None)
        if face is not None:
            person["faceURL"] = face_url(self.address, face)
        self.persons.put(person)


def face_url(address: str, face: Face) -> str:
    return f"http://{address}/LOCALS/pic/enrlFace/0/{face.number:010d}.jpg@WEB{face.number:012d}"
