"""What each exit code means; scripts rely on it, so numbers never change their meaning."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The first that applies, in this order: 130, 3, 6, 5, 4, 1, 2, 0."""

    FINE = 0
    ERROR = 1  # usage errors too
    CHANGES = 2  # plan --detailed-exitcode, drift
    SPEC_INVALID = 3
    PARTLY = 4  # partly failed, stale, or a target that could not be read
    REFUSED = 5  # by a rule
    PLAN_REJECTED = 6  # edited, foreign, expired or unknown
    CANCELLED = 130


_ORDER = (
    Exit.CANCELLED, Exit.SPEC_INVALID, Exit.PLAN_REJECTED, Exit.REFUSED, Exit.PARTLY, Exit.ERROR, Exit.CHANGES, Exit.FINE,
)  # fmt: skip


def first(*codes: Exit) -> Exit:
    """Of several codes that apply, the one to leave with."""
    return min(codes, key=_ORDER.index, default=Exit.FINE)
