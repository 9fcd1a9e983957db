"""Where things stand: the collections around the current place, and the blanks between two things on one line."""

from __future__ import annotations

from dataclasses import dataclass

from yaml.tokens import (
    AliasToken,
    FlowEntryToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    KeyToken,
    Token,
    ValueToken,
)

STEP = 2
OPENING = (FlowMappingStartToken, FlowSequenceStartToken)
CLOSING = (FlowMappingEndToken, FlowSequenceEndToken)


@dataclass(frozen=True)
class Level:
    """A block collection: the column it had and the one it gets. ``loose`` is a list in the column of its key."""

    old: int
    new: int
    mapping: bool
    loose: bool = False


@dataclass
class Bracket:
    """A collection in brackets: ``inner`` is where its lines begin, once that is known, ``outer`` where its end stands."""

    inner: int
    outer: int
    fresh: bool = True  # nothing stands in it yet


def blanks(before: Token | None, token: Token, gap: str) -> int:
    """How many blanks belong between two tokens where ``gap`` stood; a few are part of the syntax."""
    if isinstance(token, FlowEntryToken | ValueToken | FlowMappingEndToken | FlowSequenceEndToken):
        stuck = isinstance(before, ValueToken | AliasToken | KeyToken)  # `{a: , b}`, `*a :` and `? :` need theirs
        return min(len(gap), 1) if stuck else 0
    return 0 if isinstance(before, OPENING) else 1
