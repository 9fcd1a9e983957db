"""Why: one sentence first, then what took part, line by line, in the order of the flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from controller.cli.show.layout import STANDARD, View, wrapped
from controller.cli.show.words import counted, number

if TYPE_CHECKING:
    from controller.engine.why import Answer, Fact
    from controller.engine.why.finding import Search
    from controller.engine.why.trial import Group, Trial

_COLUMN = 12  # the widest title and two blanks
_ROWS = 5  # of those that cannot be read
_WORDS = {"yes": "yes", "no": "no", "unknown": "not known", "filled": "filled", "missing": "not filled", "unreadable": "unreadable"}


def why_text(answers: Sequence[Answer], view: View = STANDARD) -> str:
    return "\n\n".join("\n".join(_answer_lines(answer, view)) for answer in answers)


def _answer_lines(answer: Answer, view: View) -> Iterator[str]:
    yield from wrapped(f"{answer.address}  {answer.label}".rstrip(), 0)
    yield from wrapped(sentence(view.told(answer.message)), 2)
    if answer.hint:
        yield from wrapped(view.told(answer.hint), 2, sign="-> ")
    if answer.facts:
        yield ""
    for fact in answer.facts:
        yield from _fact_lines(fact, view)


def sentence(text: str) -> str:
    """Begins with a capital and ends with a stop."""
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


def _fact_lines(fact: Fact, view: View) -> Iterator[str]:
    place = f" ({fact.place})" if fact.place and fact.place not in fact.text else ""
    yield from wrapped(view.told(fact.text) + place, 2, sign=fact.title.ljust(_COLUMN))


def found_text(text: str, search: Search, view: View = STANDARD) -> str:
    """Several who may be meant, each with the command that asks about it; or nobody."""
    lines = [line for failed in search.failed for line in wrapped(failed, 0, sign="! ")]
    if not search.found:
        lines += [*wrapped(f"Nobody found: {text!r} is in none of {counted(search.looked_at, 'record')}, nor in what we own.", 0)]
        lines += [
            *wrapped("look for a shorter part, or a number; letters with accents are looked for as they stand", 2, sign="-> ")
        ]
        lines += list(_unread_lines(search.unread))
        return "\n".join(lines)
    lines += [f"{counted(len(search.found), 'match', 'matches')}; ask about one of them:"]
    for found in search.found:
        where = f"{found.source}:{found.record}" + (f", {found.place}" if found.place else "") if found.record else found.address
        about = f"--record {found.source}:{found.record}" if found.record else found.address
        lines += [*wrapped(f"{found.words} ({where})", 2, hang=2), f"    {view.command('why ' + about)}"]
    if search.more:
        lines.append("There are more; look for a longer part of the name.")
    return "\n".join(lines)


def _unread_lines(unread: Sequence[str]) -> Iterator[str]:
    """Rows that may be whom somebody looks for."""
    if unread:
        yield from wrapped("Or it is one of the rows that cannot be read, and so were not looked through:", 0)
    for row in unread[:_ROWS]:
        yield from wrapped(row, 2, sign="! ", hang=2)
    if len(unread) > _ROWS:
        yield "  ... and more; to see them: trueup plan --verbose"


def trial_text(trial: Trial, view: View = STANDARD) -> str:
    """Counts first, then examples with their places."""
    what = "the filter" if trial.kind == "where" else "the template"
    lines = [*wrapped(f"{counted(trial.records, 'record')} of {trial.source}, {what}: {trial.expression}", 0, hang=2), ""]
    lines += [line for group in trial.groups for line in _group_lines(group)]
    if trial.repeated:
        shown = ", ".join(f"{one.text} ({number(one.count)} times)" for one in trial.repeated)
        lines += ["", *wrapped(f"made more than once, so useless as a key: {shown}", 0, sign="! ", hang=2)]
    return "\n".join(lines)


def _group_lines(group: Group) -> Iterator[str]:
    reason = f": {group.reason}" if group.reason else ""
    sign = {"no": "- ", "unknown": "~ ", "missing": "~ ", "unreadable": "! "}.get(group.answer, "+ ")
    yield from wrapped(f"{number(group.count)} {_WORDS[group.answer]}{reason}", 0, sign=sign, hang=2)
    for sample in group.samples:
        place = f" ({sample.place})" if sample.place else ""
        said = f": {sample.text}" if sample.text else ""
        yield from wrapped(f"{sample.record}{said}{place}", 4, hang=2)
