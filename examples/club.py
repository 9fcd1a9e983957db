"""The club of the demo: its register, its table of numbers, and its three doors as they stood before trueup came.

Everything follows from one seed, so that ``specs/data/ids.csv`` fits every start; validity is counted from today. Must not
know how trueup works: it only says what there is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from providers.cardskipper.simulator import Account, Person, Register, generate_members
from providers.hikvision.simulator import Terminal

SEED = 2028
ORGANISATION = 4711
FIRST_NUMBER = 1001
DOOR_PASSWORD = "Open-Sesame-1"  # of the simulated doors
REGISTER_PASSWORD = "register-1"  # of the simulated register


@dataclass(frozen=True)
class Member:
    """A person of the register with what the club's own table adds; empty where it adds nothing."""

    person: Person
    employee_no: str
    card_no: str

    @property
    def name(self) -> str:
        return f"{self.person.first_name} {self.person.last_name}".replace("'", "\u2019")  # as the doors write an apostrophe

    @property
    def may_enter(self) -> bool:
        return bool(self.person.roles_in(ORGANISATION)) and not self.person.inactive

    @property
    def junior_only(self) -> bool:
        return all(role.id == 14 for role in self.person.roles_in(ORGANISATION))

    @property
    def valid(self) -> dict[str, object]:
        """From the first role's start to the last role's end, as a door writes it; an open end is its calendar's last day."""
        roles = self.person.roles_in(ORGANISATION)
        begin = min((role.start for role in roles if role.start), default=date(2000, 1, 1))
        end = date(2037, 12, 31) if any(role.end is None for role in roles) else max(role.end for role in roles if role.end)
        return {"enable": True, "beginTime": f"{begin}T00:00:00", "endTime": f"{end}T23:59:59", "timeType": "local"}


def members(count: int = 1000, today: date | None = None) -> list[Member]:
    """The members with their numbers, every third with a card. About one in a hundred joined only now and has no number yet."""
    people = generate_members(count, SEED, organisation=ORGANISATION, today=today or date.today())
    return [_member(index, person) for index, person in enumerate(people)]


def _member(index: int, person: Person) -> Member:
    if index % 97 == 50:
        return Member(person, "", "")
    return Member(person, str(FIRST_NUMBER + index), f"{40000000 + index * 7919}" if index % 3 == 0 else "")


def numbers_table(everybody: Sequence[Member]) -> str:
    """The table of numbers as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("member_id", "email", "employee_no", "card_no"))
    writer.writerows((m.person.id, m.person.email, m.employee_no, m.card_no) for m in everybody if m.employee_no)
    return out.getvalue()


def register(everybody: Sequence[Member]) -> Register:
    account = Account("club", REGISTER_PASSWORD)
    return Register(ORGANISATION, account, members=[member.person for member in everybody], today=date.today())


def front_door(everybody: Sequence[Member]) -> Terminal:
    """Nearly as it should be: somebody kept it by hand, and forgot a few."""
    door = Terminal("DS-K1T341AM", serial="DS-K1T341AM20240206V031800EN100000001", password=DOOR_PASSWORD)
    for index, member in enumerate(_numbered(everybody)):
        if index % 25 == 7 or not member.may_enter:
            continue
        door.add_person(member.employee_no, member.name, Valid=member.valid)
        if member.card_no and index % 4:
            door.add_card(member.employee_no, member.card_no)
    return door


def gym(everybody: Sequence[Member]) -> Terminal:
    """Strangers, an administrator, a number that was given twice, letters lost on the way, and ends of validity pushed out."""
    door = Terminal("K1T671M-L", serial="K1T671M-L20231107V031800EN200000002", password=DOOR_PASSWORD)
    for index, member in enumerate(_numbered(everybody)):
        if index % 20 == 3 or not member.may_enter or member.junior_only:
            continue
        valid = member.valid if index % 23 != 5 else {**member.valid, "endTime": "2037-12-31T23:59:59"}
        name = member.name if index % 10 else "".join(letter for letter in member.name if letter not in "čšžČŠŽđĐ")
        door.add_person(member.employee_no, "Night Watch" if index == 12 else name, Valid=valid)
    for number in range(1, 15):
        door.add_person(f"9{number:03}", f"Cleaning {number}")
    door.add_person("1", "Installer", localUIRight=True)
    return door


def sauna(everybody: Sequence[Member]) -> Terminal:
    """Slow, and looked after by somebody else, who adds and removes people; only their validity is the register's."""
    door = Terminal("K1T342MFX", serial="K1T342MFX20230518V030900EN300000003", password=DOOR_PASSWORD, latency=0.03)
    for index, member in enumerate(_numbered(everybody)):
        if index % 25 == 4 or not member.may_enter:
            continue
        late = {**member.valid, "endTime": f"{date.today() + timedelta(days=500)}T23:59:59"}
        door.add_person(member.employee_no, member.name, Valid=late if index % 30 == 2 else member.valid)
    return door


def _numbered(everybody: Sequence[Member]) -> list[Member]:
    return [member for member in everybody if member.employee_no]
