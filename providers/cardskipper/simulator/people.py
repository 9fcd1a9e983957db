"""Members as a real register has them: names of all kinds, shared and missing e-mails, roles that overlap, end and gap."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random

_FIRST = (
    "Åsa", "Örjan", "Märta", "Björn", "Håkan", "Göran", "Zoë", "Željko", "Čedomir", "Šárka", "Saša", "Mikołaj",
    "Łukasz", "Agnieszka", "José", "Nuría",
    "Anna-Karin", "Jean-Pierre", "D'Arcy", "Fatima", "Mohammed", "Nguyễn", "Þórdís", "Søren", "Émile", "Ștefan", "Ivana", "Petra",
    "Lars", "Karin", "Erik", "Maja", "Oskar", "Elsa", "Nils", "Ingrid", "Hugo", "Alva", "Tuva", "Yusuf", "Leïla", "Jürgen",
)  # fmt: skip
_LAST = (
    "Åkesson", "Öberg", "Sjöström", "Lindström", "Bergström", "O'Connor", "O’Brien", "von Essen", "af Klint", "Kovačević", "Šimić",
    "Žižek", "Đorđević", "Müller-Lüdenscheidt", "Nilsson Ek", "García Márquez", "D'Angelo", "Wiśniewska", "Ağaoğlu", "Trần",
    "Andersson", "Johansson", "Karlsson", "Nilsson", "Eriksson", "Persson", "Svensson", "Gustafsson", "Pettersson", "Håkansson",
)  # fmt: skip
ROLE_NAMES = {10: "Member", 12: "Trainer", 14: "Junior", 16: "Honorary member"}
_TAGS = ("gym", "sauna", "early-bird", "påskläger")


@dataclass
class PersonRole:
    """One role in one organisation; None is an open side."""

    organisation: int
    id: int
    start: date | None = None
    end: date | None = None
    unit: str = ""
    type: str = ""


@dataclass
class Person:
    """One member of the register. ``changed`` is naive, as the service compares it."""

    id: int
    first_name: str
    last_name: str
    birthdate: date = date(1990, 1, 2)
    email: str = ""
    cellphone: str = ""
    cellphone2: str = ""
    roles: list[PersonRole] = field(default_factory=list)
    inactive: bool = False
    tags: dict[int, list[str]] = field(default_factory=dict)  # by organisation
    extras: tuple[str, str, str] = ("", "", "")
    user_id: int = 0
    has_device: bool = False
    nationality: str = "SE"
    gender: str = ""
    changed: datetime = datetime(2026, 1, 1)

    def roles_in(self, organisation: int) -> list[PersonRole]:
        return [role for role in self.roles if role.organisation == organisation]

    def active_on(self, day: date, organisation: int) -> bool:
        """Not marked inactive, and not every role in the organisation over."""
        return not self.inactive and any(role.end is None or role.end >= day for role in self.roles_in(organisation))


def generate_members(
    count: int, seed: int, *, organisation: int = 4711, today: date = date(2026, 6, 1), first_id: int = 900001
) -> list[Person]:
    """The same members for the same arguments. Of every hundred about six are expired, five start later, four have a gap, three
    an open end, two are inactive, four have no e-mail and two share one."""
    random = Random(seed)
    people: list[Person] = []
    for number in range(count):
        people.append(_person(random, first_id + number, organisation, today))
        if number and random.random() < 0.02:
            people[-1].email = people[-2].email.upper()
    if count >= 2 and not any(one.email and one.email.lower() == two.email.lower() for one, two in pairwise(people)):
        people[1].email = people[0].email = people[0].email or "family@example.org"
    return people


def _person(random: Random, number: int, organisation: int, today: date) -> Person:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    person = Person(
        number,
        first,
        last,
        birthdate=date(1950, 1, 1) + timedelta(days=random.randrange(22_000)),
        email="" if random.random() < 0.04 else f"{_ascii(first)}.{_ascii(last)}.{number}@example.org",
        cellphone=random.choice((f"070-{number:06} 7", f"+4670{number}9", f"0046 70 {number}8")),
        inactive=random.random() < 0.02,
        extras=(f"locker {random.randrange(400)}" if random.random() < 0.3 else "", "", ""),
        user_id=number * 7,
        has_device=random.random() < 0.5,
        gender=random.choice(("M", "F", "")),
        changed=datetime.combine(today, datetime.min.time()) - timedelta(days=random.randrange(300)),
    )
    person.roles = _roles(random, organisation, today)
    if random.random() < 0.25:
        person.tags[organisation] = [random.choice(_TAGS)]
    return person


def _roles(random: Random, organisation: int, today: date) -> list[PersonRole]:
    """One of the lives that roles have."""
    unit, id = random.choice(("", "", "North", "Väst")), random.choice(list(ROLE_NAMES))
    start, end = today - timedelta(days=random.randrange(30, 700)), today + timedelta(days=random.randrange(10, 400))
    life = random.random()
    if life < 0.06:
        return [PersonRole(organisation, id, start, today - timedelta(days=random.randrange(1, 29)), unit)]
    if life < 0.11:
        return [PersonRole(organisation, id, today + timedelta(days=random.randrange(2, 9)), end, unit)]
    if life < 0.15:
        return [
            PersonRole(organisation, 10, start, today + timedelta(days=3)),
            PersonRole(organisation, 12, end, end + timedelta(90)),
        ]
    if life < 0.18:
        return [PersonRole(organisation, 16, start, None, unit)]
    if life < 0.30:
        return [PersonRole(organisation, id, start, end, unit), PersonRole(organisation, 12, today, end + timedelta(30), unit)]
    if life < 0.33:
        return [PersonRole(organisation, id, start, end, unit), PersonRole(organisation + 1, 90, start, end + timedelta(500))]
    return [PersonRole(organisation, id, start, end, unit)]


def _ascii(text: str) -> str:
    letters = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters.lower() if letter.isalnum()) or "x"
