"""The end of a plan: what it leaves alone and why, which rules it exceeds, until when it holds, and what to type next."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence

from controller.cli.show.layout import View, rest, wrapped
from controller.cli.show.words import VERDICTS, counted, moment, number
from controller.engine.review.meaning import digest_of
from controller.model.change import Condition, Limit, Notice, Plan, Verdict


def notice_lines(plan: Plan, view: View) -> Iterator[str]:
    """What is left alone, grouped by reason, the hint once per group; then what the operator's own rules warn of."""
    left = [notice for notice in plan.notices if notice.verdict is not Verdict.WARNED]
    if left:
        yield from _left_lines(plan, left, view)
    if warned := [notice for notice in plan.notices if notice.verdict is Verdict.WARNED]:
        yield ""
        yield f"Your rules warn ({number(len(warned))}):"
        for notice in warned:
            yield from wrapped(f"{notice.resource}: {notice.message} [{notice.code}]", 2, hang=2, sign="! ")


def _left_lines(plan: Plan, left: Sequence[Notice], view: View) -> Iterator[str]:
    groups: dict[tuple[Verdict, str, str], list[Notice]] = defaultdict(list)
    for notice in left:
        groups[notice.verdict, notice.code, notice.hint].append(notice)
    yield ""
    yield f"Left alone ({number(len(left))}):"
    order = list(VERDICTS)
    for (verdict, code, hint), notices in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1:])):
        yield from wrapped(f"{number(len(notices))} {VERDICTS[verdict]} [{code}]", 2, hang=2)
        yield from _listed(notices, view, many=len(plan.resources) > 1)
        if hint:
            yield from wrapped(hint, 4, sign="-> ")


def _listed(notices: Sequence[Notice], view: View, *, many: bool) -> Iterator[str]:
    shown = len(notices) if view.whole else view.notices
    for notice in notices[:shown]:
        where = f"{notice.resource}: " if many and notice.resource else ""
        place = f" ({notice.place})" if notice.place and notice.place not in notice.message else ""
        yield from wrapped(f"{where}{notice.message}{place}", 4, hang=2, sign="! ")
    yield from rest(len(notices), shown, 4)


def limit_lines(plan: Plan) -> Iterator[str]:
    """Rules that stand in the way, each with the flag that would allow it."""
    if not plan.limits:
        return
    yield ""
    yield f"Not allowed as it is ({counted(len(plan.limits), 'rule')}):"
    for limit in plan.limits:
        said = limit.message if limit.resource in limit.message else f"{limit.resource}: {limit.message}"
        yield from wrapped(said, 2, hang=2, sign="! ")
        yield from wrapped(remedy(limit), 4, sign="-> ")


def remedy(limit: Limit) -> str:
    """What to do about a limit when it is right that it is passed."""
    if limit.flag:
        return f"if that is right, add {limit.flag}"
    stands = f" where it stands ({limit.place})" if limit.place else ""
    return f"no flag overrides this rule: plan again when it no longer applies, or change it{stands}"


def flags(limits: Sequence[Limit]) -> str:
    """The flags that would allow all that may be allowed, each once."""
    return " ".join(dict.fromkeys(limit.flag for limit in limits if limit.flag))


def closing_lines(plan: Plan, view: View, saved: str) -> Iterator[str]:
    """Until when the plan holds, and the command that comes next."""
    yield ""
    if plan.changes:
        yield f"digest {digest_of(plan)}"
    if plan.limits:
        if all(limit.flag for limit in plan.limits):
            yield "Check what would change. To go on all the same:"
            yield f"  {view.command(again('plan', plan, flags(plan.limits), *(['--out', saved] if saved else [])))}"
        if {change.resource for change in plan.changes} - {limit.resource for limit in plan.limits}:
            yield f"To do the rest, and leave alone what a rule stands against: {view.command(again('apply', plan))}"
    elif plan.offline:
        yield "Planned without asking anybody, from what is remembered; it cannot be applied."
        yield f"To see how things stand now: {view.command(again('plan', plan))}"
    elif not plan.changes and any(resource.condition is Condition.PARKED for resource in plan.resources):
        yield "Nothing can be applied there until that is put right."
    elif not plan.changes:
        yield "Nothing to apply."
    elif saved:
        yield f"Saved to {saved}; holds until {moment(plan.expires, view.zone)}{zone_words(view)}."
        yield "To do exactly this:"
        yield f"  {view.command('apply ' + saved)}"
    else:
        yield f"To do this: {view.command(again('apply', plan))}"
        yield f"To keep exactly this plan for later: {view.command(again('plan', plan, '--out plan.json'))}"


def holds_line(plan: Plan, view: View) -> str:
    """From when until when a saved plan holds."""
    return f"Planned {moment(plan.made, view.zone)}, holds until {moment(plan.expires, view.zone)}{zone_words(view)}."


def again(verb: str, plan: Plan, *more: str) -> str:
    """The command with the selection and the allowances that this plan was made with."""
    scope = [f"{flag} {shlex.quote(value)}" if value else flag for flag, _, value in (word.partition(" ") for word in plan.scope)]
    allowed = ["--bootstrap" if text == "bootstrap" else f"--allow {text}" for text in plan.allowances]
    return " ".join([verb, *scope, *allowed, *more])


def zone_words(view: View) -> str:
    """The zone that times are said in, with a leading blank; nothing for UTC, which `moment` says itself."""
    key = getattr(view.zone, "key", "")
    return f" ({key})" if key else ""
