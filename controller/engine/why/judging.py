"""From everything that is known about an entity to one verdict and one sentence. Pure; repeats what the plan decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.engine.judging.diff import shown, title_of
from controller.engine.marks import Marks
from controller.engine.why import telling
from controller.engine.why.answer import Answer, Fact
from controller.engine.why.telling import verb
from controller.engine.why.tracks import Track
from controller.engine.wishes.gather import SourceRead
from controller.model.address import Address
from controller.model.change import Action, Change, Condition, Limit, Notice, ResourcePlan
from controller.model.change import Verdict as Left
from controller.model.entity import Actual, Entity, EntityKind, Refusal
from controller.spec.resource import Resource, Specs
from controller.state.rows import OwnedRow

Verdict = tuple[str, str, str]  # the word, the sentence, what to do next


@dataclass(frozen=True)
class Evidence:
    """All that one plan and its records say about one entity. ``token`` is its key as plans and addresses hold it; ``looked``:
    the target was asked, so that ``actual`` None means it is not there."""

    specs: Specs
    resource: Resource
    kind: EntityKind
    token: str
    marks: Marks
    tracks: tuple[Track, ...]
    summary: ResourcePlan
    reads: dict[str, SourceRead]
    row: OwnedRow | None = None
    actual: Actual | None = None
    looked: bool = True
    changes: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    limits: tuple[Limit, ...] = ()
    refusal: Refusal | None = None  # why its key is held
    held: dict[tuple[str, str], Refusal] = field(default_factory=dict)  # records whose earlier work stays
    hold_all: tuple[str, ...] = ()

    @property
    def address(self) -> Address:
        return self.resource.address.of(self.kind.name, self.token)

    @property
    def declaring(self) -> list[Track]:
        """The records that make it now."""
        return [t for t in self.tracks if t.selected and isinstance(self._wish(t), Entity)]

    @property
    def candidates(self) -> list[Track]:
        """The records that would make it and do not, or that made it once."""
        return [t for t in self.tracks if t not in self.declaring]

    def _wish(self, track: Track) -> object:
        return track.wish(self.kind.name, self.token, self.marks, self.resource)

    @property
    def label(self) -> str:
        wishes = [w for t in self.tracks if (w := t.wish(self.kind.name, self.token, self.marks, self.resource)) is not None]
        found = [w.label for w in wishes if w.label]
        found += [self.actual.label] if self.actual and self.actual.label else []
        found += [self.row.label] if self.row and self.row.label else []
        return next((label for label in found if label != self.token), "")


def answer(e: Evidence) -> Answer:
    verdict, message, hint = judged(e)
    return Answer(str(e.address), verdict, message, e.label, hint, tuple(facts(e)))


def judged(e: Evidence) -> Verdict:
    """The first that applies: the whole resource is left alone, something is planned, something was left alone, all is well,
    nobody declares it."""
    if e.summary.condition is Condition.PARKED:
        return "parked", f"all of {e.resource.address} is left alone: {e.summary.message}", e.summary.hint
    if e.changes:
        return _planned(e)
    if e.notices:
        return _left_alone(e, e.notices[0].message, e.notices[0])
    if e.refusal is not None:
        return _left_alone(e, e.refusal.message, None)
    if e.declaring:
        there = "it is there as declared" if e.looked else "it was written as declared; the target was not asked"
        return "as-declared", f"{there}, so nothing is to be done", ""
    if e.row is not None:
        return _ours_undeclared(e)
    return _undeclared(e)


def _left_alone(e: Evidence, message: str, notice: Notice | None) -> Verdict:
    """A refusal speaks of the record; what follows for the entity is said before it."""
    hint = notice.hint if notice else ""
    if notice is not None and notice.verdict is Left.PROTECTED:
        return "left-alone", message, hint or "what is protected, and since when: trueup protections list"
    if notice is not None and notice.verdict is not Left.REFUSED:
        return "left-alone", message, hint
    hint = hint or _look_at(e)
    stays = "it stays as it is" if e.actual is not None or e.row is not None or not e.looked else "it is not there"
    return "left-alone", f"{stays}, because its record does not say enough: {message}", hint


def _planned(e: Evidence) -> Verdict:
    what = " and then ".join(dict.fromkeys(verb(change.action) for change in e.changes))
    message = f"the next apply would {what}: it {e.changes[0].reason}" if _is_clause(e.changes[0]) else (
        f"the next apply would {what}: {e.changes[0].reason}"
    )  # fmt: skip
    why = _absence(e) if e.changes[0].action in (Action.DELETE, Action.BAR, Action.FORGET) and not e.declaring else ""
    if why:
        message += f"; {why}"
    if e.limits:
        flags = " ".join(dict.fromkeys(limit.flag for limit in e.limits if limit.flag))
        return "limited", f"{message}. But a rule stands against it: {e.limits[0].message}", _allow(flags)
    return "planned", message, ""


def _allow(flags: str) -> str:
    return f"check `trueup plan`; if it is right, add {flags}" if flags else "check `trueup plan`; this rule allows no exception"


def _is_clause(change: Change) -> bool:
    return change.reason.startswith(("is ", "was "))


def _ours_undeclared(e: Evidence) -> Verdict:
    assert e.row is not None
    why = _absence(e)
    if e.hold_all:
        return "held", f"it stays as it is: {e.hold_all[0]}", ""
    if refusal := e.held.get((e.row.source, e.row.record)):
        return "held", f"it stays as it is, because its record cannot be followed: {refusal.message}", _look_at(e)
    if any(t.stopped is not None and t.stopped.held for t in e.candidates):
        return "held", f"it stays as it is: {why}", _look_at(e)
    if e.row.tombstone:
        return "barred", f"its access was taken away and is kept away: {why}", ""
    if e.resource.policy.prune == "none":
        return "kept", f"it stays because of `prune: none`, although {why}", ""
    return "not-declared", why, ""


def _undeclared(e: Evidence) -> Verdict:
    why = _absence(e)
    if e.actual is not None:
        return "not-ours", f"it is there, but trueup did not make it and leaves it alone; {why}", ""
    there = "it is not there" if e.looked else "it was never written"
    if e.candidates:
        verdict, message = telling.unselected(e.specs, e.resource, e.candidates[0])
        return verdict, f"{there}: {message}", _look_at(e)
    return "no-record", f"{there}: {why}", f"to search by name or e-mail: trueup why --find TEXT {e.resource.address}"


def _absence(e: Evidence) -> str:
    """Why nobody declares it."""
    if e.candidates:
        return telling.unselected(e.specs, e.resource, e.candidates[0])[1]
    if e.row is not None and e.row.source in e.reads and not e.reads[e.row.source].failed:
        return f"the record that made it, {e.row.source}:{e.row.record}, is in {e.row.source} no more ({_size(e, e.row.source)})"
    names = dict.fromkeys(mapped.mapping.from_ for mapped in e.resource.mappings)
    return "; ".join(_none_of(e, name) for name in names) or "nothing is declared for this resource"


def _none_of(e: Evidence, name: str) -> str:
    read = e.reads[name]
    return f"{name} could not be read" if read.failed else f"none of the {read.count:,} records of {name} would make it"


def _size(e: Evidence, name: str) -> str:
    return f"{e.reads[name].count:,} records read"


def _look_at(e: Evidence) -> str:
    track = next(iter([*e.candidates, *e.declaring]), None)
    place = track.row.place if track else ""
    return f"look at {track.mapped.mapping.from_}: {place}" if track and place else ""


def facts(e: Evidence) -> list[Fact]:
    """Everything that took part, in the order of the flow."""
    found: list[Fact] = []
    for track in (e.declaring or e.candidates)[:3]:
        found += telling.way(e.specs, e.resource, track)
        if (wish := track.wish(e.kind.name, e.token, e.marks, e.resource)) is not None:
            found.append(telling.makes(e.kind, wish, selected=track.selected))
    if e.looked and e.summary.condition is Condition.COMPLETE:
        found.append(Fact("target", _there(e)))
    if e.row is not None:
        found.append(telling.owned(e.row))
    found += _rules(e)
    found += [telling.planned(change) for change in e.changes]
    return found


def _there(e: Evidence) -> str:
    if e.actual is None:
        return "not there"
    fields = zip(e.kind.fields, e.actual.values, strict=True)
    values = [f"{title_of(f)} {text}" for f, value in fields if (text := shown(f, value))]
    guard = f"; {e.actual.guard}" if e.actual.guard else ""
    return (", ".join(values) or "there") + guard


def _rules(e: Evidence) -> list[Fact]:
    policy, place = e.resource.policy, f"{e.resource.place.file}:{e.resource.place.line}"
    found = [Fact("rule", f"{notice.message} [{notice.code}]", notice.place) for notice in e.notices]
    if not e.declaring and (e.row is not None or e.actual is not None):
        removal = f"onRemoval: {policy.on_removal}, " if e.row is not None else ""
        found.append(Fact("rule", f"{removal}prune: {policy.prune}", place))
    if e.declaring and e.row is None and e.actual is not None:
        found.append(Fact("rule", f"adopt: {policy.adopt}", place))
    if policy.ignore and e.declaring:
        found.append(Fact("rule", f"ignore: {', '.join(policy.ignore)}", place))
    found += telling.given(e.summary, None if e.kind.sensitive_key else e.address)
    return found + [telling.limited(limit) for limit in e.limits]
