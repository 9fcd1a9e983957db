"""Whether a moment lies within a window of the week. The wall clock of the window's zone decides, summer time included."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from controller.spec.rules import DAYS, Window


def within(window: Window, now: datetime, zone: str | None) -> bool:
    """``now`` must know its offset; ``zone`` is that of the Controller. Without any zone the answer is by UTC, which loading specs
    does not let happen."""
    local = now.astimezone(ZoneInfo(window.zone or zone or "UTC"))
    clock, begins, ends = local.time(), window.begins, window.ends
    if ends is None or begins < ends:
        return _named(window, local) and begins <= clock and (ends is None or clock < ends)
    yesterday = local - timedelta(days=1)
    return (_named(window, local) and clock >= begins) or (_named(window, yesterday) and clock < ends)


def _named(window: Window, local: datetime) -> bool:
    return DAYS[local.weekday()] in window.days


def in_words(window: Window) -> str:
    """``sat, sun 22:00 to 06:00 (Europe/Stockholm)``"""
    days = "every day" if set(window.days) == set(DAYS) else ", ".join(window.days)
    hours = "" if (window.from_, window.to) == ("00:00", "24:00") else f" {window.from_} to {window.to}"
    return days + hours + (f" ({window.zone})" if window.zone else "")
