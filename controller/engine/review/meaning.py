"""The digest of what a plan would do: what somebody reviewed and what is applied can be held against each other by it.

Ids, times and who was counted are left out, so that planning again gives the same digest as long as the same would be done.
Keyed fingerprints stand in a plan, so two workspaces with keys of their own never agree: a pipeline shares its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from controller.model.change import Change, Plan
from controller.model.encoding import digest
from controller.model.errors import PlanRejected, UsageError

Name = tuple[str, str, str, str]

_name = attrgetter("resource", "kind", "key", "action")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


def digest_of(plan: Plan) -> str:
    """``sha256:<64 hex digits>`` over changes, limits, targets and allowances."""
    waiting = any(change.after for change in plan.changes)
    names = {change.id: _name(change) for change in plan.changes} if waiting else {}
    meant: list[Any] = []  # one flat list: a list per change would keep the garbage collector busy for as long as the rest takes
    for change in sorted(plan.changes, key=_name):
        meant += _meant(change)
        for field in change.fields:
            meant += (field.name, field.was, field.becomes, field.withheld)
        if change.managed or change.after:
            meant += (*(change.managed or ()), *_needs(change, names))
    return digest(
        {
            "format": plan.format,
            "offline": plan.offline,
            "targets": sorted((r.address, r.provider, r.target, r.identity, r.condition.value) for r in plan.resources),
            "changes": meant,
            "limits": sorted((limit.resource, limit.rule, limit.count, limit.allowed) for limit in plan.limits),
            "allowances": sorted(plan.allowances),
        }
    )


def _meant(change: Change) -> tuple[Any, ...]:
    """Names, texts and fingerprints alone: a plan that was read back from a file gives the same. It ends in the lengths of what
    follows, so that no two plans give one list."""
    managed = None if change.managed is None else len(change.managed)
    return (
        *_name(change), change.effect, change.before, change.fingerprint, change.subject, change.label, change.remote_id,
        change.administrator, len(change.fields), managed, len(change.after),
    )  # fmt: skip


def _needs(change: Change, names: Mapping[str, Name]) -> Iterator[str]:
    for need in sorted(names.get(need, (need, "", "", "")) for need in change.after):
        yield from need


def must_be_reviewed(plan: Plan, reviewed: str) -> None:
    """Raises PlanRejected when the plan is not the one with that digest, UsageError when that is no digest."""
    match = _DIGEST.fullmatch(reviewed.strip().lower())
    if match is None:
        raise UsageError(f"--reviewed {reviewed!r} is not a digest", hint="copy it whole from the plan: sha256: and 64 digits")
    now = digest_of(plan)
    if now != f"sha256:{match[1]}":
        raise PlanRejected(
            f"what would be done now is not what was reviewed; nothing was done (it is now {now})",
            hint="something changed since: look at the plan again, and give the digest that it shows then",
        )
