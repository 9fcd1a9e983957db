"""The way back: a person on a terminal as a row of a records file, and the item of ``people`` that makes the same person from it.

Pure. What no row and no item can say again is refused in words, so that nobody is declared other than he stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.sdk import Actual, Period
from controller.sdk.transcript import Cell, Transcript
from providers.hikvision.kinds import CARD_TYPE, DOORS, NAME, USER_TYPE, VALID, show_doors

_FIRST, _LAST = "T00:00:00", "T23:59:59"


def transcribe(person: Actual, cards: Sequence[Actual] | None) -> Transcript | str:
    """Permanent persons get an item of their own with the word ``forever``: an empty cell must never mean that."""
    valid = person.values[VALID]
    if type(valid) is not Period:
        return "its validity cannot be read"
    if not valid.permanent and not (valid.begin and valid.end):
        return "its validity is open at one end, which no spec declares like that"
    types = {str(card.values[CARD_TYPE]) for card in cards or ()}
    if len(types) > 1:
        return f"its cards are of several types ({', '.join(sorted(types))})"
    cells: dict[str, Cell] = {"full_name": person.values[NAME] or ""}
    if not valid.permanent:
        cells |= {"valid_from": valid.begin.removesuffix(_FIRST), "valid_until": valid.end.removesuffix(_LAST)}
    words, called = _of_person(person, valid)
    if cards is not None:
        cells["card_numbers"] = tuple(card.key for card in cards)
        words["cards"] = "{card_numbers}"
    for unusual in types - {"normalCard"}:
        words["cardType"] = unusual
        called += f", {unusual}"
    return Transcript("employee_no", "people", called, cells, words)


def _of_person(person: Actual, valid: Period) -> tuple[dict[str, Any], str]:
    """The item's words without cards, and what the item is called."""
    words: dict[str, Any] = {
        "key": "{employee_no}",
        "name": "{full_name}",
        "valid": {"until": "forever"} if valid.permanent else {"from": "{valid_from}", "until": "{valid_until}"},
        "doors": [{"door": door, "plan": plan} for door, plan in person.values[DOORS]],
    }
    called = show_doors(person.values[DOORS])
    if valid.permanent:
        called += ", for ever"
    if person.values[USER_TYPE] != "normal":
        words["userType"] = person.values[USER_TYPE]
        called += f", {person.values[USER_TYPE]}"
    return words, called
