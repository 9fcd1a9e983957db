"""The second pass of planning: in which order changes may happen. Pure.

Revokes come before grants (they free room and close doors first), dependents go before what they hang on is deleted, and come
after it is created. For administrators it is the other way round, so that nobody locks themselves out half-way.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from controller.model.change import Action, Change
from controller.model.entity import Effect, EntityKind

_BEFORE_ALL, _REVOKE, _GRANT, _REVOKE_ADMINISTRATORS = range(4)


def ordered(changes: Sequence[Change], kinds: Sequence[EntityKind]) -> list[Change]:
    """The changes of one resource with their edges filled in, in an order that respects them."""
    linked = _with_edges(changes, kinds)
    rank = {kind.name: position for position, kind in enumerate(kinds)}
    priority = {c.id: (*_phase(c, rank), position) for position, c in enumerate(linked)}
    by_id = {c.id: c for c in linked}
    waiting = {c.id: {a for a in c.after if a in by_id} for c in linked}
    followers: dict[str, list[str]] = defaultdict(list)
    for change_id, needs in waiting.items():
        for need in needs:
            followers[need].append(change_id)
    ready = [(priority[c], c) for c, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    result = []
    while ready:
        _, change_id = heapq.heappop(ready)
        result.append(by_id[change_id])
        for follower in followers[change_id]:
            waiting[follower].discard(change_id)
            if not waiting[follower]:
                heapq.heappush(ready, (priority[follower], follower))
    if len(result) != len(linked):
        raise ValueError("the changes of this resource wait for each other in a circle")
    return result


def _phase(change: Change, rank: dict[str, int]) -> tuple[int, int]:
    position = rank[change.kind]
    if change.action is Action.FORGET or (not change.fields and change.action in (Action.ADOPT, Action.BAR)):
        return _BEFORE_ALL, position
    if change.effect is Effect.REVOKES:
        return (_REVOKE_ADMINISTRATORS if change.administrator else _REVOKE), -position
    return _GRANT, position


def _with_edges(changes: Sequence[Change], kinds: Sequence[EntityKind]) -> list[Change]:
    parents = {kind.name: kind.after for kind in kinds}
    on_key: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in changes:
        on_key[change.kind, change.key].append(change)
    extra: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        extra[change.id] += [c.id for c in on_key[change.kind, change.key] if _replaces(change, c)]
        for parent in parents[change.kind]:
            for other in on_key.get((parent, change.subject), ()):
                if other.action is Action.DELETE and change.action is Action.DELETE:
                    extra[other.id].append(change.id)
                elif (
                    change.action is not Action.DELETE and other.action is not Action.DELETE and other.effect is not Effect.REVOKES
                ):
                    extra[change.id].append(other.id)
    _guard_administrators(changes, extra)
    return [msgspec.structs.replace(c, after=tuple(dict.fromkeys((*c.after, *extra[c.id])))) for c in changes]


def _replaces(create: Change, delete: Change) -> bool:
    return create.action is Action.CREATE and delete.action is Action.DELETE


def _guard_administrators(changes: Sequence[Change], extra: dict[str, list[str]]) -> None:
    """Their grants before their revokes. A revoke that a grant itself waits for (a replaced card leaves first) stays before it:
    making it wait as well would close a circle."""
    administrators = [c for c in changes if c.administrator]
    grants = [c.id for c in administrators if c.effect is Effect.GRANTS]
    needed = _needed(grants, {c.id: (*c.after, *extra[c.id]) for c in changes}) if grants else set()
    for change in administrators:
        if change.effect is Effect.REVOKES and change.id not in needed:
            extra[change.id] += grants


def _needed(ids: Iterable[str], after: Mapping[str, Sequence[str]]) -> set[str]:
    """All that these wait for, directly or not."""
    found: set[str] = set()
    ahead = list(ids)
    while ahead:
        fresh = set(after.get(ahead.pop(), ())) - found
        found |= fresh
        ahead += fresh
    return found
