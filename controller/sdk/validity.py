"""Validity: the begin and end of access, from dates and times of any zone to the target's wall time. Never wider than declared.

An end that is missing or unreadable refuses the record; only the literal ``forever`` in the spec (never in the data) or
``whenMissing: forever`` leaves it open. A missing begin is open. A date alone means its first or its last second. Times with
an offset become wall time in the site's zone. A time without one is wall time already, and is refused where the clocks jump,
because there it names no moment or two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.model.period import Period
from controller.model.record import Value
from controller.sdk.mapping import Valid
from controller.sdk.template import compile_template, missing_fields, single_field

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?P<time>[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_CACHED = 65536  # distinct pairs of begin and end kept per mapping; real registers have a few thousand


class _Forever:
    """The literal of the spec; a record cannot hold it."""

    def __repr__(self) -> str:
        return "forever"


_FOREVER = _Forever()
Pick = Callable[[Mapping[str, Value]], Any]


class Invalid(msgspec.Struct, frozen=True):
    """Why there is no period. Codes: validity-end-missing, validity-unreadable, end-before-begin, zone-missing,
    local-time-ambiguous, local-time-missing."""

    code: str
    message: str


def read_iso(value: object) -> date | None:
    """A date or datetime from an ISO 8601 text in its common written form (or from itself); None for anything else."""
    if isinstance(value, date):
        return value
    found = _ISO.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[0]) if found["time"] else date.fromisoformat(found[0])
    except ValueError:
        return None


def compile_valid(valid: Valid, zone: ZoneInfo | None) -> Callable[[Mapping[str, Value]], Period | Invalid]:
    """The period of a record's fields in wall time of ``zone``. Pure; values seen before cost one look-up.

    ``zone`` None is enough as long as no value carries an offset.
    """
    begin = _pick(valid.from_) if valid.from_ else None
    end = _pick(valid.until)
    open_end = valid.when_missing == "forever"
    period = lru_cache(_CACHED)(_period_of(zone))

    def of(fields: Mapping[str, Value]) -> Period | Invalid:
        until = end(fields)
        if until is None:
            if not open_end:
                return _end_missing(valid.until, fields)
            until = _FOREVER
        return period(None if begin is None else begin(fields), until)

    return of


def _pick(template: tuple[str, ...]) -> Pick:
    """The first alternative that is there: the field itself with its type, else the text."""
    picks = [_pick_one(text) for text in template]
    if len(picks) == 1:
        return picks[0]
    return lambda fields: next((value for value in (pick(fields) for pick in picks) if value is not None), None)


def _pick_one(text: str) -> Pick:
    name = single_field(text)
    if name is not None:
        return _field(name)
    if text.strip() == "forever":
        return lambda fields: _FOREVER
    return compile_template((text,))


def _field(name: str) -> Pick:
    def pick(fields: Mapping[str, Value]) -> Any:
        value = fields.get(name)
        return (value.strip() or None) if isinstance(value, str) else value

    return pick


def _end_missing(template: tuple[str, ...], fields: Mapping[str, Value]) -> Invalid:
    names = " and ".join(missing_fields(template, fields))
    return Invalid("validity-end-missing", f"the end of validity is missing: {names or 'nothing'} has no value")


def _period_of(zone: ZoneInfo | None) -> Callable[[Any, Any], Period | Invalid]:
    def period(begin: Any, end: Any) -> Period | Invalid:
        first = "" if begin is None else _wall(begin, zone, "begin")
        last = "" if end is _FOREVER else _wall(end, zone, "end")
        if isinstance(first, Invalid):
            return first
        if isinstance(last, Invalid):
            return last
        if last and last < first:
            return Invalid("end-before-begin", f"validity ends ({_show(last)}) before it begins ({_show(first)})")
        return Period(first, last)

    return period


def _wall(value: Any, zone: ZoneInfo | None, which: str) -> str | Invalid:
    """``YYYY-MM-DDTHH:MM:SS`` in wall time, fractions of a second rounded to the narrower side."""
    moment = read_iso(value)
    if moment is None:
        return _unreadable(value, which)
    if not isinstance(moment, datetime):
        return f"{moment.isoformat()}T{'00:00:00' if which == 'begin' else '23:59:59'}"
    problem = _zone_problem(moment, zone, which)
    if problem:
        return problem
    try:
        local = moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment
        if which == "begin" and local.microsecond:
            local = local.replace(microsecond=0) + timedelta(seconds=1)
    except OverflowError:
        return _unreadable(value, which)
    return local.isoformat(timespec="seconds")


def _zone_problem(moment: datetime, zone: ZoneInfo | None, which: str) -> Invalid | None:
    if moment.tzinfo and zone is None:
        message = f"the {which} of validity ({moment.isoformat()}) has an offset, but no time zone of the site is set"
        return Invalid("zone-missing", message)
    if moment.tzinfo or zone is None:
        return None
    early, late = (moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if early == late:
        return None
    code, words = ("local-time-missing", "does not exist") if early < late else ("local-time-ambiguous", "happens twice")
    return Invalid(code, f"the {which} of validity ({moment.isoformat()}) {words} in {zone.key}: the clocks change then")


def _unreadable(value: Any, which: str) -> Invalid:
    shown = repr(value)[:40]
    expected = "write 2026-12-31 or 2026-12-31T18:00:00"
    return Invalid("validity-unreadable", f"the {which} of validity, {shown}, is neither a date nor a time: {expected}")


def _show(wall: str) -> str:
    return wall.replace("T", " ")


def check_valid(valid: Valid) -> list[tuple[tuple[str | int, ...], str]]:
    """Literals of the spec that are no dates, as (path below ``valid``, message); templates must be well formed already."""
    problems: list[tuple[tuple[str | int, ...], str]] = []
    for word, template in (("from", valid.from_ or ()), ("until", valid.until)):
        for index, text in enumerate(template):
            if "{" in text or (word == "until" and text.strip() == "forever") or read_iso(text.strip()):
                continue
            expected = "a date such as 2026-12-31, a field such as {valid_until}" + (", or forever" if word == "until" else "")
            problems.append(((word, index), f"{text!r} is no date: write {expected}"))
    return problems
