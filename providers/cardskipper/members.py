"""Members as records: who is entitled and from when until when, worked out from their roles. Pure.

The rule of the register: valid from the first role's start to the last role's end in the organisation, gaps included (noted).
A date without a time means its first or its last second. A member without a role that counts, or marked inactive, is not
entitled: ``active`` is false and there is no validity.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from controller.sdk import FieldType, Record, Unreadable, Value
from controller.sdk.validity import read_iso
from providers.cardskipper.answers import Member, Role

_LAST = time(23, 59, 59)
_BOOLEANS = {"": False, "false": False, "0": False, "true": True, "1": True}

FIELDS = {
    "id": FieldType.STRING,
    "email": FieldType.STRING,
    "phone": FieldType.STRING,
    "first_name": FieldType.STRING,
    "last_name": FieldType.STRING,
    "full_name": FieldType.STRING,
    "valid_from": FieldType.DATETIME,
    "valid_until": FieldType.DATETIME,
    "active": FieldType.BOOLEAN,
    "roles": FieldType.STRINGS,
    "tags": FieldType.STRINGS,
    "units": FieldType.STRINGS,
    "extra1": FieldType.STRING,
    "extra2": FieldType.STRING,
    "extra3": FieldType.STRING,
}


@dataclass(frozen=True)
class Rules:
    """Which organisations and roles count, how validity is derived, and what is needed for that.

    ``now`` is aware; ``zone`` gives times without an offset their meaning when they must be compared with others.
    """

    organisations: frozenset[str]
    roles: frozenset[str]
    validity: Literal["span", "current"]
    phone_country: str
    zone: ZoneInfo | None
    now: datetime


class BadMember(Exception):
    """This member cannot be judged; ``code`` is stable, the message says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def records(members: Sequence[Member], rules: Rules) -> Iterator[Record | Unreadable]:
    """One record per member, or why there is none. A number that stands twice names nobody: all its members are unreadable."""
    ids = Counter(member.id for member in members)
    emails = Counter(email(member.email) for member in members)
    refused: set[str] = set()
    for member in members:
        place = f"member {member.id}"
        if not member.id:
            yield Unreadable(None, "member-number-missing", "a member has no number (OrganisationMemberId)")
        elif ids[member.id] > 1:
            if member.id not in refused:
                message = f"{ids[member.id]} members have the number {member.id}: nobody can tell them apart"
                yield Unreadable(member.id, "duplicate-member", message, place)
            refused.add(member.id)
        else:
            yield _record(member, rules, place, shared=emails[email(member.email)])


def _record(member: Member, rules: Rules, place: str, shared: int) -> Record | Unreadable:
    try:
        entitled, roles = _entitlement(member, rules)
        periods = [_period(role, rules.zone) for role in roles]
    except BadMember as error:
        return Unreadable(member.id, error.code, str(error), place)
    fields: dict[str, Value] = {
        "id": member.id,
        "email": email(member.email),
        "phone": next((phone(text, rules.phone_country) for text in member.phones if text), None),
        "first_name": name(member.first_name),
        "last_name": name(member.last_name),
        "full_name": name(f"{member.first_name} {member.last_name}"),
        "active": entitled,
        "roles": _distinct(role.id for role in roles),
        "tags": _distinct(_nfc(tag) for organisation, tag in member.tags if organisation in rules.organisations),
        "units": _distinct(_nfc(role.unit) for role in roles),
    }
    fields |= {f"extra{number}": _nfc(text) or None for number, text in enumerate(member.extras, 1)}
    notes: tuple[str, ...] = (f"{shared} members share this e-mail address",) if shared > 1 and fields["email"] else ()
    if entitled:
        chosen, more = _validity(sorted(periods, key=Span.order), rules)
        fields |= {"valid_from": chosen.begin, "valid_until": chosen.end}
        notes += more
    return Record(member.id, fields, place, notes)


def _entitlement(member: Member, rules: Rules) -> tuple[bool, list[Role]]:
    """Whether the member is entitled at all, and the roles that count."""
    inactive = _BOOLEANS.get(member.inactive.lower())
    if inactive is None:
        raise BadMember("inactive-unreadable", f"Inactive is {member.inactive[:20]!r}, which is neither true nor false")
    if "" in member.organisations:
        raise BadMember("organisation-without-id", "one of the member's organisations has no number, so its roles may not count")
    roles = [role for role in member.roles if role.organisation in rules.organisations]
    if rules.roles and any(not role.id for role in roles):
        raise BadMember("role-without-id", "one of the member's roles has no number, so it may or may not count")
    roles = [role for role in roles if not rules.roles or role.id in rules.roles]
    return bool(roles) and not inactive, roles


@dataclass(frozen=True)
class Span:
    """From when until when, None for open; ``first`` and ``last`` are the same as comparable times."""

    begin: datetime | None
    end: datetime | None
    first: datetime
    last: datetime

    @staticmethod
    def order(span: Span) -> tuple[datetime, datetime]:
        return span.first, span.last

    def joined(self, other: Span) -> Span:
        """This span stretched to the end of a later one."""
        return self if self.last >= other.last else Span(self.begin, other.end, self.first, other.last)


def _period(role: Role, zone: ZoneInfo | None) -> Span:
    begin, end = _moment(role.start, "StartDate", role), _moment(role.end, "EndDate", role, _LAST)
    first = datetime.min if begin is None else _comparable(begin, zone)
    last = datetime.max if end is None else _comparable(end, zone)
    if last < first:
        raise BadMember("end-before-begin", f"role {role.id or '?'} ends ({role.end}) before it begins ({role.start})")
    return Span(begin, end, first, last)


@lru_cache(65536)
def _read(text: str, default: time) -> datetime | None:
    moment = read_iso(text)
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, default)


def _moment(text: str, what: str, role: Role, default: time = time.min) -> datetime | None:
    """A start or an end; None when nothing was said."""
    if not text:
        return None
    moment = _read(text, default)
    if moment is None:
        raise BadMember("date-unreadable", f"{what} of role {role.id or '?'} is {text[:40]!r}, which is no date")
    return moment


def _comparable(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """The moment as wall time of the zone."""
    if moment.tzinfo is None:
        return moment
    if zone is None:
        raise BadMember(
            "zone-missing", "a role has a time with an offset, and no time zone is declared: set timezone in the source's config"
        )
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise BadMember("date-unreadable", f"{moment.isoformat()} is too far away") from None


def _validity(periods: list[Span], rules: Rules) -> tuple[Span, tuple[str, ...]]:
    """The span or the current period, and what is worth telling about it. ``periods`` are in order and not empty."""
    runs = _runs(periods)
    chosen = runs[0]
    if rules.validity == "span":
        for run in runs[1:]:
            chosen = chosen.joined(run)
    else:
        now = _comparable(rules.now, rules.zone)
        chosen = next((run for run in runs if run.last >= now), runs[-1])
    notes = tuple(_gap(before, after, rules) for before, after in pairwise(runs))
    open_end = ("a role has no end date",) if chosen.end is None else ()
    return chosen, notes + open_end


def _runs(periods: Iterable[Span]) -> list[Span]:
    """Periods that overlap or follow each other without a gap, joined."""
    runs: list[Span] = []
    for period in periods:
        if runs and (runs[-1].end is None or period.begin is None or period.first - runs[-1].last <= timedelta(seconds=1)):
            runs[-1] = runs[-1].joined(period)
        else:
            runs.append(period)
    return runs


def _gap(before: Span, after: Span, rules: Rules) -> str:
    covered = "is valid all the same" if rules.validity == "span" else "is not valid"
    return f"no role covers the time between {_show(before.last)} and {_show(after.first)}, which {covered}"


def _show(moment: datetime) -> date | str:
    return moment.date() if moment.time() in (time.min, _LAST) else f"{moment:%Y-%m-%d %H:%M:%S}"


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def name(text: str) -> str | None:
    """A name in Unicode's composed form, blanks folded; None when there is none."""
    return _nfc(text) or None


def email(text: str) -> str | None:
    """An e-mail address as it is compared: trimmed, composed, in lower case."""
    return unicodedata.normalize("NFC", text.strip()).lower() or None


def phone(text: str, country: str) -> str | None:
    """A number as ``+46701234567``, from ``070-123 45 67``, ``0046 70...`` or ``+46 (0)70...``; None when it holds no digit."""
    digits = re.sub(r"[^\d+]", "", text.replace("(0)", ""))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif digits.startswith("0"):
        digits = f"+{country}{digits[1:]}"
    return digits if re.search(r"\d", digits) else None
