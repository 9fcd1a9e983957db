"""The company of the example: its employees, their pictures and its terminals, as the tables of schema.sql hold them.

Everything follows from the count, so that each start shows the same. Must not know how trueup works: it only says what there is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from examples.employees.portraits import empty_room, large, portrait
from providers.hikvision.simulator import Terminal
from providers.postgrest.simulator import Bucket, Relation, Server

Row = dict[str, Any]

KEY = "service-role-key-of-the-example"  # API key and bearer token of the simulated database
BUCKET = "pontaj-photos"
FIRST_NUMBER = 1000
TERMINALS = 12
SILENT, LOCKED = 5, 9  # nothing listens at the fifth; the ninth has another password than the table says

# Who is told apart, by employee number. Nobody else is out of the ordinary.
SUSPENDED, ON_LEAVE, WITHOUT_PICTURE, WHOLE_NAME, EMPTY_PICTURE, LOST_PICTURE, LARGE_PICTURE = range(1003, 1010)
_WITHOUT_NUMBER = 2  # place in the list of somebody who has no number yet

_FAMILY = (
    "Popescu", "Ionescu", "Munteanu", "Țurcanu", "Șerban", "Dumitrescu", "Rădulescu", "Stănescu", "Gheorghiu", "Mărginean",
    "Constantinescu", "Bălan", "Cojocaru", "Lăzărescu", "Nistor", "Oprea", "Pârvu", "Sârbu", "Toma", "Vîlcu",
)  # fmt: skip
_GIVEN = (
    "Andrei", "Ioana", "Ștefan", "Mădălina", "Ion", "Elena", "Gheorghe", "Cătălina", "Vasile", "Ana-Maria", "Mihai", "Raluca",
    "Dănuț", "Florentina", "Cristian", "Simona", "Radu", "Lăcrămioara", "Bogdan", "Iulia",
)  # fmt: skip
_MODELS = ("DS-K1T341AMF", "DS-K1T341AM", "K1T671M-L", "DS-K1T342MFWX-E1")


@dataclass(frozen=True)
class Company:
    """``count`` employees, at least 10, so that each special case is among them."""

    count: int = 500

    def __post_init__(self) -> None:
        if self.count < 10:
            raise ValueError(f"a company of {self.count} is too small: take at least 10 employees")

    @cached_property
    def terminals(self) -> list[Terminal]:
        """All that exist; whoever serves them leaves the silent one out. Each has a password of its own."""
        return [
            Terminal(
                _MODELS[number % len(_MODELS)], serial=f"SANTIER-{number:02}", username="operator",
                password="Changed-At-The-Door" if number == LOCKED else _password(number), timezone="Europe/Bucharest",
            )
            for number in range(1, TERMINALS + 1)
        ]  # fmt: skip

    @cached_property
    def employees(self) -> list[Row]:
        luck = random.Random(2028)
        return [_employee(index, luck) for index in range(self.count)]

    @cached_property
    def biometrics(self) -> list[Row]:
        return [_biometrics(index) for index in range(self.count) if index != _WITHOUT_NUMBER]

    def devices(self, ports: Sequence[int]) -> list[Row]:
        """A row per terminal at these ports, and two that trueup is not meant to see: one out of use, one for tests."""
        rows = [_device(number, port) for number, port in enumerate(ports, 1)]
        others = ({"status": "inactiv"}, {"mediu": "test"})
        return rows + [{**_device(len(rows) + place, 9), **words} for place, words in enumerate(others, 1)]

    @cached_property
    def pictures(self) -> dict[str, bytes]:
        """What lies in the bucket, by path."""
        special = {EMPTY_PICTURE: empty_room(), LARGE_PICTURE: large(LARGE_PICTURE)}
        numbers = [row["employee_no"] for row in self.biometrics if row["foto_fata_url"] and row["employee_no"] != LOST_PICTURE]
        return {_path(number): special.get(number) or portrait(number) for number in numbers}

    def database(self, ports: Sequence[int]) -> Server:
        tables = {"angajati": self.employees, "angajati_biometrie": self.biometrics, "dispozitive_pontaj": self.devices(ports)}
        relation = Relation("angajati_biometrie", "angajat_id", "angajati", unique=True)
        return Server(tables, [relation], KEY, (KEY,), buckets={BUCKET: Bucket(self.pictures)})


def _employee(index: int, luck: random.Random) -> Row:
    number = FIRST_NUMBER + index
    family, given = luck.choice(_FAMILY), luck.choice(_GIVEN)
    parts = {"nume": None, "prenume": None} if number == WHOLE_NAME else {"nume": family, "prenume": given}
    status = {SUSPENDED: "suspendat", ON_LEAVE: "concediu"}.get(number, "activ")
    return {"id": _uuid("a", index), **parts, "nume_complet": f"{family} {given}", "status": status}


def _biometrics(index: int) -> Row:
    number = FIRST_NUMBER + index
    picture = None if number == WITHOUT_PICTURE else _path(number)
    words = {"employee_no": number, "hikvision_employee_no": str(number), "foto_fata_url": picture}
    return {"id": _uuid("b", index), "angajat_id": _uuid("a", index), **words}


def _device(number: int, port: int) -> Row:
    login = {"username": "operator", "password_encrypted": _password(number)}
    site = _uuid("e", (number - 1) // 4 + 1)
    place = {"ip_address": "127.0.0.1", "port": port, "santier_id": site, "mediu": "prod"}
    return {"id": _uuid("d", number), **place, **login, "status": "activ", "ultima_sincronizare": None}


def _password(number: int) -> str:
    return f"Open-Sesame-{number:02}"


def _path(number: int) -> str:
    return f"faces/{number}.{'png' if number == LARGE_PICTURE else 'jpg'}"


def _uuid(letter: str, number: int) -> str:
    """One that people can tell apart: d0000000-0000-4000-8000-000000000005 is the fifth terminal."""
    return f"{letter}0000000-0000-4000-8000-{number:012}"
