"""What a terminal keeps, as entity kinds: persons, their cards and their faces. Pure values and comparisons.

A person's doors are a sorted tuple of ``(door, plan)`` number pairs, so that more doors or more plans is a superset. The extended
field is the one custom field (PersonInfoExtends) that the config names, None where it names none: some keep an e-mail address or
worse there, so it is sensitive. A face's key is its person's employee number; the picture cannot be read back.
"""

from __future__ import annotations

import unicodedata
from typing import TypeAlias

from controller.sdk import Content, Effect, EntityKind, Field, Period, period_effect, show_period

Doors: TypeAlias = tuple[tuple[int, int], ...]

NAME, VALID, DOORS, USER_TYPE, EXTENDED = range(5)
OWNER, CARD_TYPE = range(2)
PICTURE = 0
BLACKLISTED = "blackList"

_NO_ACCENT = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "'": "", "\u2019": "", "`": ""}
)


def doors_effect(before: Doors | None, after: Doors | None) -> Effect:
    """A pair that was not there grants, even when others go; only losing pairs revokes."""
    old, new = set(before or ()), set(after or ())
    if new - old:
        return Effect.GRANTS
    return Effect.REVOKES if old - new else Effect.NEUTRAL


def user_type_effect(before: str | None, after: str | None) -> Effect:
    """Onto the blacklist revokes; every other change may widen, so it grants."""
    if before == after:
        return Effect.NEUTRAL
    return Effect.REVOKES if after == BLACKLISTED else Effect.GRANTS


def may_widen(before: object, after: object) -> Effect:
    return Effect.NEUTRAL if before == after else Effect.GRANTS


def show_doors(doors: Doors | None) -> str:
    """``door 1, door 2 (plan 3)``: plan 1 is the factory's "always" and goes without saying."""
    words = [f"door {door}" if plan == 1 else f"door {door} (plan {plan})" for door, plan in doors or ()]
    return ", ".join(words) or "no door"


def same_name(desired: str | None, actual: str | None) -> bool:
    """Whether two names may be one person's: accents and case aside, and letters aside that a device loses (č, š, ž)."""
    if not desired or not actual:
        return desired == actual
    if _folded(desired) == _folded(actual):
        return True
    wanted, seen = _plain_letters(desired), _plain_letters(actual)
    return len(wanted) > 2 and wanted == seen


def same_extended(desired: str | None, actual: str | None) -> bool:
    """Whether the custom field speaks against two being one person: only two values that differ do."""
    return not desired or not actual or desired.casefold() == actual.casefold()


def terminal_name(name: str) -> str:
    """The name as terminals take it: the vendor's character set has no straight apostrophe, but any multibyte letter."""
    return name.replace("'", "\u2019") if "'" in name else name


def _folded(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_NO_ACCENT))
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


def _plain_letters(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", name).casefold() if c.isascii() and c.isalnum())


PERSON = EntityKind(
    "person",
    (
        Field("name", "name", type=str, identity=True, same_identity=same_name),
        Field("valid", "valid", type=Period, effect=period_effect, show=show_period, clearable=False),
        Field("doors", "doors", type=tuple[tuple[int, int], ...], effect=doors_effect, show=show_doors),
        Field("user_type", "user type", type=str, usual="normal", effect=user_type_effect, clearable=False),
        Field("extended", "extended field", type=str, usual="", sensitive=True, identity=True, same_identity=same_extended),
    ),
    title="person",
    plural="persons",
)
CARD = EntityKind(
    "card",
    (
        Field("owner", "owner", type=str, immutable=True, identity=True, effect=may_widen, clearable=False),
        Field("card_type", "card type", type=str, usual="normalCard", effect=may_widen, clearable=False),
    ),
    after=("person",),
    sensitive_key=True,
    title="card",
    plural="cards",
    expires=False,
)
FACE = EntityKind(
    "face",
    # another picture may let in somebody else
    (Field("picture", "picture", type=Content, write_only=True, effect=may_widen, clearable=False),),
    after=("person",),
    title="face",
    plural="faces",
    expires=False,
)
KINDS = (PERSON, CARD, FACE)
