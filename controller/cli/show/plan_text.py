"""A plan as people read it: counts first, then each resource with its changes grouped by what they mean at the door.

Made for 3 changes and for 30,000: groups are folded, everything is joined once and written once. Prints only what the plan
holds in plain words (``was``, ``becomes``), which is masked already.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from controller.cli.show.layout import STANDARD, View, rest, width, wrapped
from controller.cli.show.next_steps import next_step
from controller.cli.show.plan_end import again, closing_lines, limit_lines, notice_lines
from controller.cli.show.words import ACTIONS, EFFECTS, counted, number, phrase, sign
from controller.model.change import Action, Change, Condition, FieldChange, Plan, ResourcePlan
from controller.model.entity import Effect
from controller.model.units import show_duration

_TOKEN = re.compile(r"[0-9a-f]{16}")
_NOTICEABLE = 30.0  # seconds a clock may be off before it is worth a line

Group = tuple[Action, Effect, str]


def plan_text(plan: Plan, view: View = STANDARD, *, saved: str = "") -> str:
    """The whole plan with what to type next; ``saved`` is the file it was written to."""
    return "\n".join([question_text(plan, view), *closing_lines(plan, view, saved)])


def question_text(plan: Plan, view: View = STANDARD) -> str:
    """The plan as it is shown before somebody is asked."""
    return "\n".join([*head_lines(plan), *_body_lines(plan, view), *notice_lines(plan, view), *limit_lines(plan)])


def drift_text(plan: Plan, view: View = STANDARD) -> str:
    """What somebody changed at the targets: each change is what would put it right."""
    parked = sum(resource.condition is Condition.PARKED for resource in plan.resources)
    resources = counted(len(plan.resources), "resource")
    lines = [f"{counted(len(plan.changes), 'entry', 'entries')} changed at the target since trueup wrote there:"]
    if not plan.changes:
        judged = f"No drift seen, but {number(parked)} of {resources} could not be judged."
        lines = [judged if parked else f"No drift: nobody changed what trueup wrote ({resources})."]
    lines += _body_lines(plan, view)
    if plan.changes:
        lines += ["", f"To put it right: {view.command('apply')}"]
    return "\n".join(lines)


def moved_text(plan: Plan, view: View = STANDARD) -> str:
    """What ``--refresh-only`` would take as last written."""
    if not plan.changes:
        return drift_text(plan, view)
    taken, right = again("apply --refresh-only", plan), again("apply", plan)
    said = drift_text(plan, view).rpartition("\n")[0]
    return f"{said}\nTo take it as it is, for our notes alone: {view.command(taken)}\nTo put it right: {view.command(right)}"


def _body_lines(plan: Plan, view: View) -> list[str]:
    by_resource: dict[str, list[Change]] = defaultdict(list)
    for change in plan.changes:
        by_resource[change.resource].append(change)
    lines: list[str] = []
    for resource in plan.resources:
        if (changes := by_resource.get(resource.address, [])) or resource.condition in (Condition.PARKED, Condition.ORPHANED):
            lines += ["", *_resource_lines(resource, changes, view)]
    lines += _quiet_lines(plan.resources, by_resource, view)
    return lines


def head_lines(plan: Plan) -> Iterator[str]:
    """How much of what, before anything else."""
    touched = len({change.resource for change in plan.changes})
    parked = sum(r.condition is Condition.PARKED for r in plan.resources)
    resources = counted(len(plan.resources), "resource")
    if plan.changes:
        yield f"{counted(len(plan.changes), 'change')} on {number(touched)} of {resources}:"
        effects = Counter(change.effect for change in plan.changes)
        given, taken, same = (number(effects[effect]) for effect in (Effect.GRANTS, Effect.REVOKES, Effect.NEUTRAL))
        yield from wrapped(f"access given or widened: {given}, taken or narrowed: {taken}, not touched: {same}", 2, hang=2)
        if drifted := sum(change.drift for change in plan.changes):
            yield from wrapped(f"changed at the target by somebody and put right: {number(drifted)}", 2, hang=2)
    elif parked:
        yield from wrapped(f"No changes planned; {number(parked)} of {resources} could not be judged.", 0, hang=2)
    else:
        aside = f"; {counted(len(plan.notices), 'case')} left alone, see below" if plan.notices else ""
        yield from wrapped(f"No changes: nothing to do on {resources}{aside}.", 0, hang=2)
    if plan.changes and parked:
        yield from wrapped(f"{number(parked)} of {resources} could not be judged; nothing is planned there", 2, hang=2)
    if plan.returns:
        yield from wrapped(f"a rollback: returns what run {plan.returns} changed to what stood there before", 2, hang=2)
        yield from wrapped("the specs stay as they are: what they say otherwise the next plan shows again", 2, hang=2)
    if plan.sources:
        read = ", ".join(f"{name} ({counted(records, 'record')})" for name, records in sorted(plan.sources.items()))
        yield from wrapped(f"from {read}", 2, hang=5)
    if plan.scope:
        yield from wrapped("selected: " + " ".join(plan.scope), 2, hang=2)
    if plan.allowances:
        yield from wrapped("allowed for this plan: " + ", ".join(plan.allowances), 2, hang=2)


def _resource_lines(resource: ResourcePlan, changes: Sequence[Change], view: View) -> Iterator[str]:
    yield from _who(resource)
    if resource.condition is not Condition.COMPLETE:
        yield from _condition_lines(resource, view)
    if view.whole:
        yield from given_lines(resource)
    else:
        yield from _shared_lines(resource)
    if resource.condition in (Condition.COMPLETE, Condition.OFFLINE):
        yield from wrapped(_there(resource), 2, hang=2)
    readable = resource.condition is not Condition.PARKED
    if readable and resource.clock_offset is not None and abs(resource.clock_offset) >= _NOTICEABLE:
        where = "ahead" if resource.clock_offset > 0 else "behind"
        yield f"  ! its clock is {show_duration(abs(resource.clock_offset))} {where}"
    for group, members in grouped(changes):
        yield from _group_lines(group, members, view)


def _who(resource: ResourcePlan) -> Iterator[str]:
    """The address and what answered there, on two lines where one is too short."""
    serial = f"serial {resource.identity}" if resource.identity else ""
    known = ", ".join(part for part in (resource.model, serial, resource.target) if part)
    if len(resource.address) + len(known) + 2 <= width():
        yield from wrapped(f"{resource.address}  {known}".rstrip(), 0)
    else:
        yield from wrapped(resource.address, 0)
        yield from wrapped(known, 2, hang=2)


def given_lines(resource: ResourcePlan) -> Iterator[str]:
    """What the resource has of others, and the rules that protect what is on it: which words, and where they stand."""
    for given in resource.given:
        words = f": {', '.join(given.gives)}" if given.gives else ""
        yield from wrapped(f"with {given.by}{words}" + (f" ({given.place})" if given.place else ""), 2, hang=4)


def _shared_lines(resource: ResourcePlan) -> Iterator[str]:
    """The same in a word each; what protects is told where it protected somebody."""
    if shared := ", ".join(dict.fromkeys(given.by for given in resource.given if " " in given.by)):
        yield from wrapped(f"with {shared}", 2, hang=2)
    if needs := [need for given in resource.given if given.by == "dependsOn" for need in given.gives]:
        yield from wrapped(f"waits for {', '.join(needs)}", 2, hang=2)


def _there(resource: ResourcePlan) -> str:
    parts = [
        f"{number(resource.actual)} there",
        f"{number(resource.desired)} declared",
        f"{number(resource.unchanged)} as declared",
    ]
    parts += [f"{number(resource.foreign)} not ours"] if resource.foreign else []
    parts += [f"{number(resource.held)} undecided"] if resource.held else []
    return ", ".join(parts)


def _condition_lines(resource: ResourcePlan, view: View) -> Iterator[str]:
    match resource.condition:
        case Condition.PARKED:
            yield from wrapped(f"left alone: {view.told(resource.message)}", 2, hang=2, sign="! ")
        case Condition.OFFLINE:
            yield from wrapped(resource.message or "not asked: planned from what is remembered of it", 2, hang=2)
        case _:
            yield from wrapped(resource.message, 2, hang=2)
    for step in (resource.hint, *next_step(resource.code, resource.address, view)):
        if step:
            yield from wrapped(view.told(step), 4, sign="-> ")


def _quiet_lines(resources: Iterable[ResourcePlan], changed: dict[str, list[Change]], view: View) -> Iterator[str]:
    """Resources with nothing to do: a line each."""
    quiet = [r for r in resources if not changed.get(r.address) and r.condition not in (Condition.PARKED, Condition.ORPHANED)]
    if not quiet:
        return
    yield ""
    shown = len(quiet) if view.whole else view.resources
    for resource in quiet[:shown]:
        aside = "".join(f", {number(n)} {word}" for n, word in ((resource.foreign, "not ours"), (resource.held, "undecided")) if n)
        yield from wrapped(f"{resource.address}  nothing to do: {number(resource.unchanged)} as declared{aside}", 0, hang=2)
    yield from rest(len(quiet), shown, 0)


def grouped(changes: Sequence[Change]) -> list[tuple[Group, list[Change]]]:
    """The changes by what they mean at the door: who loses access first."""
    groups: dict[Group, list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.action, change.effect, change.reason].append(change)
    return sorted(groups.items(), key=lambda item: (EFFECTS.index(item[0][1]), ACTIONS.index(item[0][0]), item[0][2]))


def _group_lines(group: Group, changes: Sequence[Change], view: View) -> Iterator[str]:
    action, effect, _ = group
    yield from wrapped(group_words(group, len(changes)), 2, hang=2)
    telling = any(change.fields for change in changes)
    shown = len(changes) if view.whole else view.first if telling else view.names
    mark = sign(action, effect)
    for change in changes[:shown]:
        yield from _change_lines(change, mark, view)
    yield from rest(len(changes), shown, 4)


def group_words(group: Group, count: int) -> str:
    """``12 are removed and lose access (no longer declared)``"""
    action, effect, reason = group
    return f"{number(count)} {phrase(action, effect, count)}" + (f" ({reason.removeprefix('is ')})" if reason else "")


def _change_lines(change: Change, mark: str, view: View) -> Iterator[str]:
    yield from wrapped(named(change.kind, change.key, change.label, change.subject), 4, hang=2, sign=f"{mark} ")
    for words in change_words(change):
        yield from wrapped(words, 8, hang=2)
    if view.whole and change.provenance is not None:
        records = ", ".join(str(record) for record in change.provenance.records)
        yield from wrapped(f"from {records or 'the spec'} ({change.provenance.spec})", 8, hang=2)


def change_words(change: Change) -> list[str]:
    """What a change writes, a line each; what is new on one line, and of what goes nothing."""
    match change.action:
        case Action.CREATE:
            told = [_told(f) for f in change.fields if f.becomes and f.becomes not in (change.label, change.subject)]
            return [", ".join(told)] if told else []
        case Action.DELETE:
            return []
    return [_field(field) for field in change.fields]


def named(kind: str, key: str, label: str, subject: str = "") -> str:
    """How an entry is called. A sensitive key stands in plans as a token, which tells nobody anything and is left out."""
    if subject and _TOKEN.fullmatch(key):
        who = f"{subject} {label}" if label and label not in (key, subject) else subject
        return f"{kind} of {who}"
    return f"{kind} {key}  {label}" if label and label != key else f"{kind} {key}"


def _told(field: FieldChange) -> str:
    """``valid 2026-01-01 to 2026-12-31``; the name is left out where the value says it: ``door 1``."""
    title = _title(field)
    return field.becomes if field.becomes.startswith(title.removesuffix("s")) else f"{title} {field.becomes}"


def _title(field: FieldChange) -> str:
    return field.title or field.name.replace("_", " ")


def _field(field: FieldChange) -> str:
    aside = " (values are not shown)" if field.withheld else ""
    return f"{_title(field)}: {field.was or 'none'} -> {field.becomes or 'none'}{aside}"
