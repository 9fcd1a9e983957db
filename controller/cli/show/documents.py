"""The JSON outputs: one versioned document per command, described by the schemas in ``schemas/`` (that of ``validate`` stands in
``controller.spec.render``).

A reader may rely on the names here; a new meaning gets a new format, new fields do not. What a document holds of values is what the
plan holds: plain ones, and fingerprints in place of sensitive ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from controller.cli.show.words import EFFECTS
from controller.engine.review.meaning import digest_of
from controller.model.change import Action, Condition, Limit, Notice, Plan
from controller.model.event import ConditionState
from controller.model.happening import Happening
from controller.model.outcome import RunResult

if TYPE_CHECKING:
    from controller.engine.check import TestResult
    from controller.runtime.workspace import ResourceStatus

FORMAT = 1


class PlanSummary(msgspec.Struct, frozen=True):
    """``actions`` and ``effects`` count changes. ``applicable``: there is something to do and no rule forbids it. ``digest`` is
    that of what the plan would do, for ``apply --reviewed``."""

    changes: int
    actions: dict[str, int]
    effects: dict[str, int]
    drifted: int
    parked: int
    notices: int
    limits: int
    applicable: bool
    digest: str = ""


class PlanDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup plan -o json``. A file to apply comes from ``--out`` instead: this one is for reading."""

    summary: PlanSummary
    plan: Plan
    format: int = FORMAT


class DriftDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup drift -o json``: the changes that would undo what somebody did at the targets."""

    summary: PlanSummary
    plan: Plan
    format: int = FORMAT


class RunDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup apply -o json``."""

    run: RunResult
    format: int = FORMAT


class StatusRow(msgspec.Struct, frozen=True):
    """One resource: ``owned`` counts entities per kind; times are UTC texts, empty when it never happened."""

    address: str
    provider: str
    conditions: tuple[ConditionState, ...] = ()
    owned: dict[str, int] = {}
    last_run: str = ""
    last_read: str = ""


class StatusDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup status -o json``."""

    resources: tuple[StatusRow, ...]
    format: int = FORMAT


class Capacity(msgspec.Struct, frozen=True):
    """How much of one kind is there and how much fits; null where the target does not say."""

    used: int | None = None
    most: int | None = None


class RightRow(msgspec.Struct, frozen=True):
    """One thing that the account may or may not do; ``message`` is what was answered when it may not."""

    what: str
    allowed: bool
    message: str = ""


class AnswerRow(msgspec.Struct, frozen=True):
    """One answer: who it is (``identity`` is the serial number), how far its clock is off in seconds, what fits, what the account
    may do. ``code`` names what is wrong in one stable word; ``round_trip`` is the quickest answer in seconds."""

    address: str
    provider: str
    ok: bool
    message: str = ""
    hint: str = ""
    identity: str = ""
    model: str = ""
    firmware: str = ""
    clock_offset: float | None = None
    capacity: dict[str, Capacity] = {}
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    code: str = ""
    rights: tuple[RightRow, ...] = ()
    round_trip: float | None = None


class AnswersDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup test -o json``."""

    results: tuple[AnswerRow, ...]
    format: int = FORMAT


class RuleRow(msgspec.Struct, frozen=True):
    """One rule of the operator's own: ``verdict`` is deny or warn, ``about`` what it looks at in words, ``place`` its line."""

    name: str
    verdict: str
    message: str
    about: str
    overridable: bool
    place: str = ""


class RulesDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup policy list -o json``."""

    rules: tuple[RuleRow, ...]
    format: int = FORMAT


class RulingDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup policy test -o json``: what the rules of today say about a saved plan. ``at`` is the moment that was
    judged, UTC; ``allowed`` would be denied, but for ``--allow``."""

    plan: str
    at: str
    rules: tuple[str, ...]
    denied: tuple[Limit, ...]
    allowed: tuple[Limit, ...]
    warned: tuple[Notice, ...]
    format: int = FORMAT


DOCUMENTS: Mapping[str, Any] = {
    "plan": PlanDocument,
    "drift": DriftDocument,
    "run": RunDocument,
    "run-event": Happening,
    "policy-list": RulesDocument,
    "policy-test": RulingDocument,
    "status": StatusDocument,
    "test": AnswersDocument,
}


def encoded(document: msgspec.Struct) -> str:
    """Indented JSON."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def summary_of(plan: Plan) -> PlanSummary:
    actions = Counter(change.action for change in plan.changes)
    effects = Counter(change.effect for change in plan.changes)
    return PlanSummary(
        changes=len(plan.changes),
        actions={action.value: actions[action] for action in Action},
        effects={effect.value: effects[effect] for effect in EFFECTS},
        drifted=sum(change.drift for change in plan.changes),
        parked=sum(r.condition is Condition.PARKED for r in plan.resources),
        notices=len(plan.notices),
        limits=len(plan.limits),
        applicable=bool(plan.changes) and not plan.limits and not plan.offline,
        digest=digest_of(plan),
    )


def status_row(status: ResourceStatus) -> StatusRow:
    return StatusRow(status.address, status.provider, status.conditions, status.owned, status.last_run, status.last_read)


def answer_row(result: TestResult) -> AnswerRow:
    facts = result.facts
    return AnswerRow(
        result.address,
        result.provider,
        result.ok,
        result.message,
        result.hint,
        identity=facts.identity,
        model=facts.model,
        firmware=facts.firmware,
        clock_offset=facts.clock_offset,
        capacity={kind: Capacity(*numbers) for kind, numbers in facts.capacity.items()},
        notes=facts.notes,
        seconds=result.seconds,
        code=result.code,
        rights=tuple(RightRow(right.what, right.allowed, right.message) for right in result.rights),
        round_trip=result.round_trip,
    )
