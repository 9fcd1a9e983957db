"""Checks what the operator's own rules name: providers, kinds and fields that exist, zones, and each rule's name once. A misspelt
word would make a rule that never holds, which nobody would notice until the day it should have held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from controller.model.diagnostic import Place
from controller.sdk.provider import TargetProvider
from controller.spec.checks.document import Candidate
from controller.spec.checks.explain import Problem, near
from controller.spec.checks.together import is_zone, zone_names
from controller.spec.envelope import KINDS
from controller.spec.policy import ControllerSpec
from controller.spec.rules import Rule, Selection
from controller.spec.syntax.positions import Path

Found = Iterator[tuple[Candidate, Problem]]


@dataclass(frozen=True)
class Known:
    """What a rule may name. No kinds and no fields: no target is declared, so none of them can be judged. ``hidden`` are the kinds
    whose keys (numbers of cards) stand in no plan."""

    providers: Sequence[str]
    kinds: Sequence[str]
    fields: Sequence[str]
    zone: str | None
    hidden: frozenset[str] = frozenset()


def rule_problems(candidates: Sequence[Candidate], providers: Sequence[str]) -> Found:
    """Everything that is wrong with the rules, with its path in the Controller's document."""
    for candidate in candidates:
        spec = candidate.whole
        if not isinstance(spec, ControllerSpec):
            continue
        known = _known(candidates, providers, spec.timezone)
        first: dict[str, int] = {}
        for index, rule in enumerate(spec.rules):
            path: Path = ("spec", "rules", index)
            if first.setdefault(rule.name, index) != index:
                words = f"there is a rule `{rule.name}` already: {candidate.document.value('spec', 'rules', first[rule.name])}"
                yield candidate, Problem("duplicate-rule", (*path, "name"), words, "Give one of them another name.")
            for problem in _problems(rule, path, known):
                yield candidate, problem


def rule_places(candidates: Iterable[Candidate]) -> dict[str, Place]:
    """Where each rule stands, by its name."""
    return {
        rule.name: candidate.document.best("spec", "rules", index, "name")
        for candidate in candidates
        if isinstance(candidate.whole, ControllerSpec)
        for index, rule in enumerate(candidate.whole.rules)
    }


def _known(candidates: Iterable[Candidate], providers: Sequence[str], zone: str | None) -> Known:
    targets = [c.provider for c in candidates if isinstance(c.provider, TargetProvider)]
    kinds = [kind for provider in targets for kind in provider.kinds]
    fields = dict.fromkeys(field.name for kind in kinds for field in kind.fields)
    hidden = frozenset(kind.name for kind in kinds if kind.sensitive_key)
    return Known(providers, tuple(dict.fromkeys(kind.name for kind in kinds)), tuple(fields), zone, hidden)


def _problems(rule: Rule, path: Path, known: Known) -> Iterator[Problem]:
    yield from _selection(rule.when, (*path, "when"), known)
    if rule.unless is not None:
        if not rule.unless.model_fields_set:
            words = "`unless` is empty: the rule would be about nothing"
            yield Problem("empty", (*path, "unless"), words, "Write what the rule is not about, or leave it out.")
        yield from _selection(rule.unless, (*path, "unless"), known)


def _selection(selection: Selection, path: Path, known: Known) -> Iterator[Problem]:
    for key, word, given, there in (
        ("kind", "kind", selection.kind, known.kinds),
        ("field", "field", selection.field, known.fields),
        ("provider", "provider", selection.provider, known.providers),
    ):
        for name in given or ():
            if there and name not in there:
                hint = f"{word.capitalize()}s are: {', '.join(there)}."
                yield Problem(f"unknown-{word}", (*path, key), f"there is no {word} `{name}` here", hint, near(name, there))
    for text in selection.address or ():
        yield from _address(text, (*path, "address"), known)
    yield from _time(selection, (*path, "time"), known)


def _address(text: str, path: Path, known: Known) -> Iterator[Problem]:
    resource, colon, entity = text.partition(":")
    kind, slash, name = resource.partition("/")
    if not (kind and slash and name) or (colon and not all(entity.partition("/"))):
        words = f"`{text}` is no address pattern"
        yield Problem("bad-pattern", path, words, "For example: Device/front-*, or Device/*:person/9*")
        return
    of = entity.partition("/")[0]
    if "*" not in kind and kind not in KINDS:
        words = f"there is no kind `{kind}`"
        yield Problem("unknown-kind", path, words, f"Kinds are: {', '.join(KINDS)}.", near(kind, list(KINDS)))
    elif of and "*" not in of and known.kinds and of not in known.kinds:
        hint = f"What is kept here: {', '.join(known.kinds)}."
        yield Problem("unknown-kind", path, f"there is no `{of}` here", hint, near(of, known.kinds))
    elif of in known.hidden and entity.partition("/")[2].strip("*"):
        words = f"the keys of a {of} are sensitive and stand in no plan, so this rule would never hold"
        yield Problem("hidden-key", path, words, f"Write `{resource}:{of}/*`, or name whose it is in another rule.")


def _time(selection: Selection, path: Path, known: Known) -> Iterator[Problem]:
    window = selection.time
    if window is None:
        return
    if window.zone is None and known.zone is None:
        words = "the time zone of the site is missing: a time of day is meant here, and the zone of this machine is never used"
        hint = "Write `zone: Europe/Stockholm` here, or `timezone` in the Controller's spec."
        yield Problem("missing-timezone", path, words, hint)
    elif window.zone is not None and not is_zone(window.zone):
        hint = "Zones have names such as Europe/Stockholm."
        words = f"there is no time zone `{window.zone}`"
        yield Problem("unknown-timezone", (*path, "zone"), words, hint, near(window.zone, zone_names()))
