"""What each exit code means; scripts rely on it, so numbers never change their meaning."""

from __future__ import annotations

from collections.abc import Mapping
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


MEANINGS: Mapping[Exit, str] = {
    Exit.CANCELLED: "cancelled",
    Exit.SPEC_INVALID: "the specs are not valid; `trueup validate` shows every problem",
    Exit.PLAN_REJECTED: "a plan that is edited, foreign, expired, or not what was reviewed",
    Exit.REFUSED: "refused by a rule; the plan names the flag that would allow it",
    Exit.PARTLY: "partly failed or stale, or a target could not be read",
    Exit.ERROR: "an error, wrong options and arguments too",
    Exit.CHANGES: "changes (plan --detailed-exitcode) or drift (drift)",
    Exit.FINE: "fine",
}
"""In words, the first that applies first."""


def first(*codes: Exit) -> Exit:
    """Of several codes that apply, the one to leave with."""
    return min(codes, key=tuple(MEANINGS).index, default=Exit.FINE)
