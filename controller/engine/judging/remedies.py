"""What to do about a record or an entity that cannot be followed, by the code of what is wrong: the message says what, this says
what next. Words only; a code that nobody thought of gets advice that is always right.
"""

from __future__ import annotations

from collections.abc import Mapping

_REMEDIES: Mapping[str, str] = {
    # what rows and members are like
    "duplicate-key": "give each row a key of its own in the source; until then what they made earlier stays as it is",
    "duplicate-member": "have the register merge the two; until then what they made earlier stays as it is",
    "key-missing": "fill it in the source; until then nobody is removed, because it may be anybody's row",
    "member-number-missing": "give the member a number in the register; until then nobody is removed: it may be anybody",
    "cell-unreadable": "correct the cell in the source; until then this record changes nothing",
    "column-count": "look for a stray delimiter, or quote the cell that holds it; until then nobody is removed",
    "blank-row": "delete the blank row, or set skipBlank: true in the source's config",
    "not-an-object": "correct the document in the source; until then nobody is removed",
    # validity
    "validity-end-missing": "fill it in the source; whenMissing: forever in the spec would let them in without an end",
    "end-before-begin": "correct the two dates in the source; until then the access stays as it is",
    "validity-unreadable": "correct the date in the source; until then the access stays as it is",
    "zone-missing": "write timezone: Europe/Stockholm in the Controller's spec",
    "local-time-missing": "write another hour, or add the offset to the time: 2026-03-29T02:30:00+01:00",
    "local-time-ambiguous": "write another hour, or add the offset to the time: 2026-10-25T02:30:00+01:00",
    "validity-out-of-range": "declare a period that the device can keep",
    # joins and filters
    "join-value-missing": "fill the field in the source; `trueup why --record SOURCE:KEY` shows what is compared",
    "join-no-partner": "add the missing record to the other source; `trueup why --record SOURCE:KEY` shows what is compared",
    "join-ambiguous": "leave only one of these records in the other source, or join on something that tells them apart",
    "join-shared": "give each record a partner of its own, or join on something that tells them apart",
    "filter-unknown": "fill the field in the source, or ask with `exists` first; `trueup try` shows what a filter yields",
    "claimed-twice": "one of the two must get another key: correct the source, or the key template in the spec",
    # what a device can hold
    "name-too-long": "shorten the name in the source, or give `name` in the spec a shorter template to fall back on",
    "no-such-door": "correct `doors` in the spec",
    "no-such-plan": "correct `plan` under `doors` in the spec",
    "too-many-doors": "declare fewer doors in the spec",
    "too-many-plans": "declare fewer time plans for one door",
    "cards-not-offered": "leave `cards` out of this device's spec",
}
_ANYWHERE = "put it right where it comes from; until then it stays as it is at the target"


def remedy(code: str) -> str:
    """What to do next. Never empty."""
    return _REMEDIES.get(code, _ANYWHERE)
