"""Who is entitled and from when until when, worked out from roles: the rules of the register, case by case."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sdk import Record, Unreadable
from providers.cardskipper.answers import Member, Role
from providers.cardskipper.members import FIELDS, Rules, email, phone, records
from providers.cardskipper.provider import merged

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)


def _role(start: str = "", end: str = "", *, id: str = "10", organisation: str = "4711", unit: str = "") -> Role:
    return Role(organisation, id, start, end, unit)


def _member(*roles: Role, **more: Any) -> Member:
    given: dict[str, Any] = {
        "id": "1", "first_name": "Åsa", "last_name": "Öberg", "inactive": "false", "email": "", "phones": ("", ""),
        "extras": ("", "", ""), "organisations": ("4711",), "roles": roles, "tags": (),
    }  # fmt: skip
    return Member(**(given | more))


def _rules(**more: Any) -> Rules:
    given: dict[str, Any] = {
        "organisations": frozenset({"4711"}), "roles": frozenset(), "validity": "span", "phone_country": "46", "zone": STOCKHOLM,
        "now": NOW,
    }  # fmt: skip
    return Rules(**(given | more))


def _one(member: Member, **rules: Any) -> Record:
    (record,) = records([member], _rules(**rules))
    assert isinstance(record, Record), record
    return record


def _bad(member: Member, **rules: Any) -> Unreadable:
    (record,) = records([member], _rules(**rules))
    assert isinstance(record, Unreadable), record
    return record


def _validity(record: Record) -> tuple[Any, Any]:
    return record.fields.get("valid_from"), record.fields.get("valid_until")


def test_validity_is_the_span_of_all_roles_and_the_gap_is_told() -> None:
    record = _one(_member(_role("2026-01-01", "2026-06-30"), _role("2026-09-01", "2026-12-31", id="12")))
    assert _validity(record) == (datetime(2026, 1, 1), datetime(2026, 12, 31, 23, 59, 59))
    assert record.notes == ("no role covers the time between 2026-06-30 and 2026-09-01, which is valid all the same",)
    assert record.fields["roles"] == ("10", "12")


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), date(2026, 1, 1), date(2026, 6, 30)),
        (datetime(2026, 7, 15, tzinfo=UTC), date(2026, 9, 1), date(2026, 12, 31)),
        (datetime(2025, 7, 15, tzinfo=UTC), date(2026, 1, 1), date(2026, 6, 30)),
        (datetime(2027, 7, 15, tzinfo=UTC), date(2026, 9, 1), date(2026, 12, 31)),
    ],
    ids=["within the first", "in the gap", "before all", "after all"],
)
def test_the_current_period_ends_at_a_gap(now: datetime, begin: date, end: date) -> None:
    roles = (_role("2026-01-01", "2026-03-31"), _role("2026-04-01", "2026-06-30"), _role("2026-09-01", "2026-12-31"))
    record = _one(_member(*roles), validity="current", now=now)
    first, last = _validity(record)
    assert (first.date(), last.date()) == (begin, end)
    assert "is not valid" in record.notes[0] and len(record.notes) == 1


def test_current_judges_by_the_sites_clock_and_not_by_utc() -> None:
    roles = (_role("2026-01-01", "2026-06-30"), _role("2026-09-01", "2026-12-31"))
    moment = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  # the first of July in Stockholm
    assert _validity(_one(_member(*roles), validity="current", now=moment))[0] == datetime(2026, 9, 1)


def test_overlapping_roles_join_whichever_order_they_come_in() -> None:
    roles = (_role("2026-05-01", "2026-05-31"), _role("2026-01-01", "2026-12-31"))
    assert _validity(_one(_member(*roles), validity="current")) == (datetime(2026, 1, 1), datetime(2026, 12, 31, 23, 59, 59))
    assert _one(_member(*roles)).notes == ()


@pytest.mark.parametrize("validity", ["span", "current"])
def test_a_missing_date_leaves_that_side_open(validity: str) -> None:
    open_end = _one(_member(_role("2026-01-01", "2026-02-01"), _role("2026-01-15", "")), validity=validity)
    assert _validity(open_end) == (datetime(2026, 1, 1), None)
    assert open_end.notes == ("a role has no end date",)
    assert _validity(_one(_member(_role("", "2026-07-01")), validity=validity)) == (None, datetime(2026, 7, 1, 23, 59, 59))


def test_a_member_without_a_role_is_not_entitled_and_never_unlimited() -> None:
    record = _one(_member())
    assert record.fields["active"] is False
    assert _validity(record) == (None, None)


def test_roles_of_other_organisations_do_not_count() -> None:
    member = _member(
        _role("2026-01-01", "2030-01-01", organisation="9"), organisations=("4711", "9"), tags=(("9", "x"), ("4711", "gym"))
    )
    record = _one(member)
    assert (record.fields["active"], record.fields["roles"], record.fields["tags"]) == (False, (), ("gym",))
    assert _one(member, organisations=frozenset({"4711", "9"})).fields["active"] is True


def test_only_declared_roles_count() -> None:
    member = _member(_role("2026-01-01", "2026-02-01", id="10"), _role("2026-01-01", "2027-01-01", id="12"))
    record = _one(member, roles=frozenset({"10"}))
    assert record.fields["roles"] == ("10",)
    assert _validity(record)[1] == datetime(2026, 2, 1, 23, 59, 59)
    assert _one(member, roles=frozenset({"77"})).fields["active"] is False


@pytest.mark.parametrize("text", ["true", "TRUE", "1"])
def test_an_inactive_member_is_not_entitled_whatever_the_dates(text: str) -> None:
    record = _one(_member(_role("2026-01-01", "2027-01-01"), inactive=text))
    assert (record.fields["active"], _validity(record)) == (False, (None, None))


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (_member(_role("2026-02-01", "2026-01-01")), "end-before-begin"),
        (_member(_role("2026-02-01", "31/12/2026")), "date-unreadable"),
        (_member(_role("2026-02-30", "2026-12-31")), "date-unreadable"),
        (_member(_role("2026-02-01", "forever")), "date-unreadable"),
        (_member(_role("0001-01-01T00:00:00+14:00", "2026-12-31")), "date-unreadable"),
        (_member(_role("2026-01-01", "2026-12-31"), inactive="maybe"), "inactive-unreadable"),
        (_member(_role("2026-01-01", "2026-12-31", organisation=""), organisations=("",)), "organisation-without-id"),
    ],
)
def test_a_member_that_cannot_be_judged_is_unreadable_and_not_absent(member: Member, code: str) -> None:
    bad = _bad(member)
    assert (bad.key, bad.code, bad.place) == ("1", code, "member 1")


def test_a_role_without_number_matters_only_when_roles_are_declared() -> None:
    member = _member(_role("2026-01-01", "2026-12-31", id=""))
    assert _one(member).fields["active"] is True
    assert _bad(member, roles=frozenset({"10"})).code == "role-without-id"


def test_a_bad_role_that_does_not_count_spoils_nothing() -> None:
    member = _member(_role("2026-01-01", "2026-12-31"), _role("2026-05-01", "2026-01-01", id="99"))
    assert _one(member, roles=frozenset({"10"})).fields["active"] is True


def test_a_member_without_number_cannot_be_named() -> None:
    assert _bad(_member(id="")).key is None


def test_a_number_that_stands_twice_names_nobody() -> None:
    twice = [_member(id="1"), _member(id="1", first_name="Erik"), _member(id="2")]
    found = list(records(twice, _rules()))
    assert [(type(one), one.key) for one in found] == [(Unreadable, "1"), (Record, "2")]
    assert isinstance(found[0], Unreadable) and found[0].code == "duplicate-member"


def test_members_who_share_an_e_mail_are_told() -> None:
    family = [_member(id="1", email="a@x.se"), _member(id="2", email=" A@X.se "), _member(id="3")]
    notes = [one.notes for one in records(family, _rules()) if isinstance(one, Record)]
    assert notes == [("2 members share this e-mail address",), ("2 members share this e-mail address",), ()]


def test_times_with_an_offset_are_kept_and_compared_in_the_sites_zone() -> None:
    roles = (_role("2025-12-31T23:00:00Z", "2026-06-30T21:59:59Z"), _role("2026-07-01", "2026-12-31"))
    record = _one(_member(*roles))
    assert _validity(record) == (datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59))
    assert record.notes == ()


def test_times_with_an_offset_need_a_zone() -> None:
    assert _bad(_member(_role("2025-12-31T23:00:00Z", "2026-06-30")), zone=None).code == "zone-missing"
    assert _one(_member(_role("2026-01-01T08:00:00", "2026-06-30")), zone=None).fields["active"] is True


def test_fractions_of_a_second_are_read() -> None:
    assert _validity(_one(_member(_role("2026-01-01T00:00:00.0000000", "2026-06-30T12:30:00.5")))) == (
        datetime(2026, 1, 1),
        datetime(2026, 6, 30, 12, 30, 0, 500_000),
    )


def test_names_are_composed_and_blanks_folded() -> None:
    record = _one(_member(first_name=unicodedata.normalize("NFD", "Åsa  Šárka"), last_name=" O’Brien-Öst "))
    assert record.fields["full_name"] == "Åsa Šárka O’Brien-Öst"
    assert record.fields["first_name"] == "Åsa Šárka"
    assert _one(_member(first_name="", last_name="")).fields["full_name"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("070-123 45 67", "+46701234567"),
        ("+46 70 123 45 67", "+46701234567"),
        ("0046701234567", "+46701234567"),
        ("+46 (0)70-1234567", "+46701234567"),
        ("n/a", None),
    ],
)
def test_mobile_numbers_come_in_one_form(text: str, expected: str | None) -> None:
    assert phone(text, "46") == expected


def test_the_second_number_serves_when_the_first_is_empty() -> None:
    assert _one(_member(phones=("", "0701"))).fields["phone"] == "+46701"


def test_every_field_is_declared() -> None:
    record = _one(_member(_role("2026-01-01", "2026-12-31"), extras=("a", "", "c")))
    assert set(record.fields) == set(FIELDS)
    assert (record.fields["extra1"], record.fields["extra2"]) == ("a", None)


_DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
_PERIODS = st.lists(st.tuples(_DAYS, _DAYS).map(sorted), min_size=1, max_size=6)


@given(_PERIODS, st.datetimes(datetime(2019, 1, 1), datetime(2031, 1, 1)))
def test_the_current_period_lies_within_the_span_and_covers_now_only_if_a_role_does(
    periods: list[list[date]], now: datetime
) -> None:
    member = _member(*(_role(str(start), str(end)) for start, end in periods))
    moment = now.replace(microsecond=0)
    begin, end = _validity(_one(member, validity="current", now=moment.replace(tzinfo=STOCKHOLM)))
    whole_begin, whole_end = _validity(_one(member))
    assert whole_begin <= begin <= end <= whole_end
    assert (begin <= moment <= end) == any(start <= moment.date() <= last for start, last in periods)
    assert (whole_begin.date(), whole_end.date()) == (min(p[0] for p in periods), max(p[1] for p in periods))


@given(st.text())
def test_normalising_an_e_mail_twice_changes_nothing(text: str) -> None:
    once = email(text)
    assert once is None or email(once) == once


def test_a_member_of_two_exports_is_one_member_with_the_roles_of_both() -> None:
    parent, child = _role("2026-01-01", "2026-02-01"), _role("2026-03-01", "2026-04-01", organisation="4712")
    one = _member(parent, inactive="", tags=(("4711", "gym"),))
    other = _member(parent, child, inactive="true", organisations=("4711", "4712"))
    (both,) = merged([[one], [other]])
    assert (both.roles, both.inactive, both.organisations, both.tags) == (
        (parent, child),
        "true",
        ("4711", "4712"),
        (("4711", "gym"),),
    )


def test_a_member_who_stands_twice_in_one_export_stays_double() -> None:
    assert len(merged([[_member(), _member()], [_member(id="2")]])) == 3
