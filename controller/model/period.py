"""A period of validity in the target's local wall time. Both ends are texts ``YYYY-MM-DDTHH:MM:SS``; an empty end is open.

Texts of one fixed form compare as times do, hash fast and need no zone: the device judges validity by its own wall clock.
"""

from __future__ import annotations

import msgspec

from controller.model.entity import Effect

LATEST = "9999-12-31T23:59:59"


class Period(msgspec.Struct, frozen=True, order=True, gc=False):
    """``begin`` and ``end`` inclusive, empty for open. Open at both ends is permanent."""

    begin: str = ""
    end: str = ""

    @property
    def permanent(self) -> bool:
        return not self.begin and not self.end

    def over_at(self, moment: str) -> bool:
        return bool(self.end) and self.end < moment


PERMANENT = Period()


def period_effect(before: Period | None, after: Period | None) -> Effect:
    """Widening at either end grants; only narrowing revokes. A missing side is no access at all."""
    if before == after:
        return Effect.NEUTRAL
    if after is None:
        return Effect.REVOKES
    if before is None or after.begin < before.begin or (after.end or LATEST) > (before.end or LATEST):
        return Effect.GRANTS
    return Effect.REVOKES


def show_period(period: Period | None) -> str:
    """Plain words, days where the times are the bounds of a day: ``2026-01-01 to 2026-12-31``, ``for ever``."""
    if period is None:
        return "none"
    if period.permanent:
        return "for ever"
    begin = period.begin.removesuffix("T00:00:00").replace("T", " ")
    end = period.end.removesuffix("T23:59:59").replace("T", " ")
    return f"{begin or 'always'} to {end or 'for ever'}"
