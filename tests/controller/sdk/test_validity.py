from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.period import PERMANENT, Period
from controller.model.record import Value
from controller.sdk.mapping import Valid
from controller.sdk.validity import Invalid, check_valid, compile_valid, read_iso

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def valid(**words: Any) -> Valid:
    return Valid.model_validate(words)


BOTH = valid(**{"from": "{begin}", "until": "{end}"})


def period(fields: dict[str, Value], words: Valid = BOTH, zone: ZoneInfo | None = STOCKHOLM) -> Period | Invalid:
    return compile_valid(words, zone)(fields)


def code(fields: dict[str, Value], words: Valid = BOTH, zone: ZoneInfo | None = STOCKHOLM) -> str:
    found = period(fields, words, zone)
    assert isinstance(found, Invalid)
    assert found.message
    return found.code


@pytest.mark.parametrize("day", ["2026-01-01", " 2026-01-01 ", date(2026, 1, 1)])
def test_a_day_begins_with_its_first_second_and_ends_with_its_last(day: Value) -> None:
    assert period({"begin": day, "end": day}) == Period("2026-01-01T00:00:00", "2026-01-01T23:59:59")


def test_a_time_without_an_offset_is_wall_time_already() -> None:
    assert period({"begin": datetime(2026, 1, 1, 8), "end": "2026-06-30 18:30"}) == Period(
        "2026-01-01T08:00:00", "2026-06-30T18:30:00"
    )


def test_a_time_with_an_offset_becomes_wall_time_of_the_site() -> None:
    fields: dict[str, Value] = {"begin": datetime(2025, 12, 31, 23, tzinfo=UTC), "end": "2026-06-30T22:00:00Z"}
    assert period(fields) == Period("2026-01-01T00:00:00", "2026-07-01T00:00:00")


def test_a_time_with_an_offset_needs_the_zone_of_the_site() -> None:
    assert code({"end": "2026-06-30T22:00:00Z"}, zone=None) == "zone-missing"
    assert period({"end": "2026-06-30T22:00:00"}, zone=None) == Period("", "2026-06-30T22:00:00")


def test_a_missing_end_is_refused_and_its_field_is_named() -> None:
    found = period({"begin": "2026-01-01", "end": None})
    assert isinstance(found, Invalid)
    assert found.code == "validity-end-missing"
    assert "end has no value" in found.message
    assert code({"end": "  "}) == "validity-end-missing"


def test_for_ever_must_be_written_in_the_spec() -> None:
    assert period({}, valid(until="forever")) == PERMANENT
    assert period({"end": None}, valid(until="{end}", whenMissing="forever")) == PERMANENT
    assert period({}, valid(until=["{end}", "forever"])) == PERMANENT


def test_the_word_for_ever_in_the_data_grants_nothing() -> None:
    assert code({"end": "forever"}) == "validity-unreadable"
    assert code({"end": "for", "x": "ever"}, valid(until="{end}{x}")) == "validity-unreadable"
    assert code({}, valid(**{"from": "forever", "until": "2026-01-01"})) == "validity-unreadable"


def test_an_unreadable_end_is_refused_even_where_a_missing_one_is_for_ever() -> None:
    assert code({"end": "31/12/2026"}, valid(until="{end}", whenMissing="forever")) == "validity-unreadable"


@pytest.mark.parametrize(
    "end", ["2026-02-30", "20260101", "2026-W01-1", "2026-01-01T24:00:00", "２０２６-01-01", "soon", 20260101, True, ("x",)]
)
def test_what_is_no_date_is_refused(end: Value) -> None:
    assert code({"end": end}) == "validity-unreadable"


def test_an_unreadable_begin_is_refused_and_a_missing_one_is_open() -> None:
    assert code({"begin": "soon", "end": "2026-01-01"}) == "validity-unreadable"
    assert period({"end": "2026-01-01"}) == Period("", "2026-01-01T23:59:59")


def test_an_end_before_the_begin_is_refused_but_one_second_is_a_period() -> None:
    assert code({"begin": "2026-01-02", "end": "2026-01-01"}) == "end-before-begin"
    assert period({"begin": "2026-01-01T10:00", "end": "2026-01-01T10:00"}) == Period("2026-01-01T10:00:00", "2026-01-01T10:00:00")


def test_a_wall_time_that_the_clock_change_skips_or_repeats_is_refused() -> None:
    assert code({"end": "2026-03-29T02:30:00"}) == "local-time-missing"
    assert code({"end": datetime(2026, 10, 25, 2, 30)}) == "local-time-ambiguous"
    assert code({"begin": "2026-10-25T02:30:00", "end": "2027-01-01"}) == "local-time-ambiguous"


def test_an_offset_says_which_of_the_repeated_hours_is_meant() -> None:
    assert period({"end": "2026-10-25T02:30:00+01:00"}) == Period("", "2026-10-25T02:30:00")


def test_a_day_whose_midnight_the_clock_change_skips_is_still_a_day() -> None:
    assert period({"begin": "2018-11-04", "end": "2018-11-04"}, zone=ZoneInfo("America/Sao_Paulo")) == Period(
        "2018-11-04T00:00:00", "2018-11-04T23:59:59"
    )


def test_fractions_of_a_second_never_widen() -> None:
    fields: dict[str, Value] = {"begin": "2026-01-01T08:00:00.001", "end": "2026-01-01T18:00:00.999"}
    assert period(fields) == Period("2026-01-01T08:00:01", "2026-01-01T18:00:00")


def test_times_beyond_the_calendar_are_refused() -> None:
    assert code({"end": datetime(9999, 12, 31, 23, 30, tzinfo=UTC)}) == "validity-unreadable"
    assert code({"begin": datetime.max, "end": "9999-12-31"}) == "validity-unreadable"


def test_templates_may_add_a_time_to_a_day() -> None:
    assert period({"end": "2026-01-01"}, valid(until="{end}T18:00:00")) == Period("", "2026-01-01T18:00:00")


def test_the_second_alternative_stands_in_for_the_first() -> None:
    words = valid(until=["{end}", "{other}"])
    assert period({"other": date(2026, 1, 1)}, words) == Period("", "2026-01-01T23:59:59")
    assert code({}, words) == "validity-end-missing"


def test_literals_that_are_no_dates_are_found_in_the_spec() -> None:
    words = valid(**{"from": ["{a}", "forever"], "until": ["2026-13-01", "forever", "2026-12-31", "{b}"]})
    found = check_valid(words)
    assert [path for path, _ in found] == [("from", 1), ("until", 0)]
    assert "or forever" in found[1][1]
    assert "or forever" not in found[0][1]
    assert check_valid(valid(until="forever")) == []


def test_reading_iso_takes_dates_as_they_are() -> None:
    assert read_iso(date(2026, 1, 1)) == date(2026, 1, 1)
    assert read_iso("2026-01-01T10:00:00.123456789+0200") == datetime(2026, 1, 1, 10, 0, 0, 123456, timezone(timedelta(hours=2)))
    assert read_iso("2026-01-01T10:00:00+99:00") is None


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, MOMENTS)
def test_a_period_never_reaches_beyond_what_was_declared(begin: datetime, end: datetime) -> None:
    found = period({"begin": begin, "end": end.isoformat()})
    if isinstance(found, Invalid):
        assert found.code == "end-before-begin"
        return
    assert datetime.fromisoformat(found.begin) >= begin.astimezone(STOCKHOLM).replace(tzinfo=None)
    assert datetime.fromisoformat(found.end) <= end.astimezone(STOCKHOLM).replace(tzinfo=None)
