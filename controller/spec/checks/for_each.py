"""Checks `forEach`: the source, the key, the fields that are taken, and that nothing shows what is secret in a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from controller.model.record import FieldType
from controller.sdk.mapping import SubjectMapping
from controller.sdk.provider import SourceProvider
from controller.sdk.template import check_template, check_template_fields, template_fields
from controller.sdk.where import check_where
from controller.spec.checks.document import Candidate
from controller.spec.checks.explain import Problem, near
from controller.spec.checks.shape import TEMPLATE, marked
from controller.spec.syntax.positions import Path

Found = Iterator[tuple[Candidate, Problem]]
_KEY: Path = ("spec", "forEach", "key")


def for_each_problems(candidates: Sequence[Candidate], sources: Mapping[str, Candidate]) -> Found:
    """Does the source exist, have its records the fields that are named, and does nothing show what is secret in them?"""
    secrets: dict[str, set[str]] = {}
    for candidate in candidates:
        if candidate.for_each is None:
            continue
        source = sources.get(candidate.for_each.source)
        hidden = _hidden(candidate, source)
        secrets.setdefault(candidate.for_each.source, set()).update(hidden)
        for problem in (*_of_source(candidate, source, sorted(sources)), *_shown(candidate, hidden)):
            yield candidate, problem
    for candidate in candidates if secrets else ():
        for part in candidate.parts:
            for problem in _told_as_text(part.mapping, part.path, secrets):
                yield candidate, problem


def _hidden(candidate: Candidate, source: Candidate | None) -> set[str]:
    """The fields of the source's records that are secret or sensitive."""
    hidden = {each.field for each in candidate.each if each.secret}
    if source is not None and source.config is not None and isinstance(source.provider, SourceProvider):
        hidden |= source.provider.sensitive(source.config)
    return hidden


def _of_source(candidate: Candidate, source: Candidate | None, known: list[str]) -> Iterator[Problem]:
    for_each = candidate.for_each
    assert for_each is not None
    if source is None:
        hint = f"Sources are: {', '.join(known)}." if known else "No source is declared: write a document of kind Source."
        words = f"there is no source `{for_each.source}`"
        yield Problem("unknown-source", ("spec", "forEach", "source"), words, hint, near(for_each.source, known))
    broken = [(index, wrong) for index, text in enumerate(for_each.key) if (wrong := check_template(text))]
    for index, wrong in broken:
        yield Problem("template", _at(candidate, index), wrong)
    if source is None or source.config is None or not isinstance(source.provider, SourceProvider):
        return
    fields = source.provider.fields(source.config)
    if not broken:
        yield from _key_problems(candidate, for_each.key, fields)
    for path, message, meant in check_where(for_each.where, fields) if for_each.where else ():
        yield Problem("where", ("spec", "forEach", "where", *path), message, suggestion=meant, on_key=bool(meant))
    for each in candidate.each:
        if each.field not in fields:
            hint = f"Fields of {for_each.source}: {', '.join(fields) or 'none are known'}."
            words = f"the source `{for_each.source}` has no field `{each.field}`"
            yield Problem("unknown-field", (*each.path, "each"), words, hint, near(each.field, list(fields)))


def _key_problems(candidate: Candidate, key: tuple[str, ...], fields: Mapping[str, FieldType]) -> Iterator[Problem]:
    for index, message, meant in check_template_fields(key, fields):
        yield Problem("template-field", _at(candidate, index), message, "" if meant else f"Fields are: {', '.join(fields)}.", meant)
    for index, text in enumerate(key):
        if not template_fields((text,)):
            yield Problem("same-key", _at(candidate, index), "every record would get the same key", 'For example: key: "{id}"')


def _at(candidate: Candidate, index: int) -> Path:
    return (*_KEY, index) if isinstance(candidate.document.data["spec"]["forEach"].get("key"), list) else _KEY


def _shown(candidate: Candidate, hidden: set[str]) -> Iterator[Problem]:
    """A secret of a record stands in secret fields only, whole: anywhere else it would be shown."""
    for_each = candidate.for_each
    assert for_each is not None
    hint = "What is secret in a record may only fill a secret field such as `password`, as a whole."
    for each in candidate.each:
        if not each.secret and each.field in hidden:
            yield Problem("secret-shown", (*each.path, "each"), f"`{each.field}` is secret and would be shown here", hint)
    if not any(check_template(text) for text in for_each.key):
        for name in sorted(template_fields(for_each.key) & hidden):
            yield Problem("secret-shown", _KEY, f"`{name}` is secret and would be shown in names", hint)


def _told_as_text(mapping: SubjectMapping, path: Path, secrets: Mapping[str, set[str]]) -> Iterator[Problem]:
    """Templates over the same source must not tell what is a password elsewhere."""
    hidden = secrets.get(mapping.from_, set()).union(
        *(secrets.get(match.source, set()) & set(match.take) for match in mapping.match)
    )
    if not hidden:
        return
    for _, at, template in marked(mapping, TEMPLATE, path):
        if any(check_template(text) for text in template):
            continue
        for name in sorted(template_fields(template) & hidden):
            words = f"`{name}` is a secret of a record (it fills a secret field elsewhere) and would be shown here"
            yield Problem("secret-shown", at, words, "Leave it out.")
