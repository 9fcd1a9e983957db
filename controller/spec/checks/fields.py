"""Checks what mappings say about records: do the sources exist, and do their records have the fields that templates, filters
and joins name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.model.record import FieldType
from controller.sdk.mapping import Match, Valid
from controller.sdk.provider import SourceProvider
from controller.sdk.template import check_template, check_template_fields, single_field, template_fields
from controller.sdk.validity import check_valid
from controller.sdk.where import check_where
from controller.spec.checks.document import Candidate, Part
from controller.spec.checks.explain import Problem, near
from controller.spec.checks.shape import TEMPLATE, TEMPLATE_OF_LISTS, marked
from controller.spec.syntax.positions import Path

Fields = Mapping[str, FieldType]


class FieldCheck:
    """Judges mappings against the sources that are declared. Answers are kept, since many doors share one mapping."""

    def __init__(self, sources: Mapping[str, Candidate]) -> None:
        self._sources = sources
        self._fields: dict[str, Fields | None] = {}
        self._joined: dict[tuple[str, tuple[Match, ...]], Fields | None] = {}
        self._templates: dict[Any, list[tuple[int, Problem]]] = {}

    def problems(self, part: Part, data: Any) -> Iterator[Problem]:
        """Everything wrong with one mapping. ``data`` is the document's, to tell a single template from a list of one."""
        mapping = part.mapping
        if mapping.from_ not in self._sources:
            yield self._dangling((*part.path, "from"), mapping.from_)
        yield from self._match_problems(part, data)
        joined = (mapping.from_, mapping.match)
        fields = self._after(*joined)
        if fields is not None and mapping.where:
            for path, message, meant in check_where(mapping.where, fields):
                yield Problem("where", (*part.path, "where", *path), message, suggestion=meant, on_key=bool(meant))
        yield from _valid_problems(part, data)
        for marks, path, template in marked(mapping, TEMPLATE, part.path):
            if path[len(part.path)] != "match":
                yield from self._template(template, path, data, fields, (*joined, TEMPLATE_OF_LISTS in marks))

    def _match_problems(self, part: Part, data: Any) -> Iterator[Problem]:
        mapping = part.mapping
        for index, match in enumerate(mapping.match):
            at: Path = (*part.path, "match")
            at = (*at, index) if isinstance(_look(data, at), list) else at
            before = (mapping.from_, mapping.match[:index])
            yield from self._template(match.on, (*at, "on"), data, self._after(*before), (*before, False))
            if match.source not in self._sources:
                yield self._dangling((*at, "source"), match.source)
                continue
            yield from self._lookup_problems(match, at, data)

    def _lookup_problems(self, match: Match, at: Path, data: Any) -> Iterator[Problem]:
        other = self._of(match.source)
        if other is None:
            return
        try:
            named = template_fields(match.on)
        except ValueError:
            return  # the template's own problem is reported already
        by = match.by or (next(iter(named)) if len(named) == 1 else None)
        if by is None:
            yield Problem(
                "match", (*at, "on"), "say with `by` which field of the other source to look in", "For example: by: email"
            )
        elif by not in other:
            where = (*at, "by") if match.by else (*at, "on")
            yield _no_field(where, by, match.source, other)
        for number, name in enumerate(match.take):
            if name not in other:
                path = (*at, "take", number) if isinstance(_look(data, (*at, "take")), list) else (*at, "take")
                yield _no_field(path, name, match.source, other)

    def _template(
        self, template: tuple[str, ...], path: Path, data: Any, fields: Fields | None, mode: tuple[Any, ...]
    ) -> Iterator[Problem]:
        key = (template, mode)
        if key not in self._templates:
            self._templates[key] = list(_judge_template(template, fields, lists=mode[-1]))
        single = not isinstance(_look(data, path), list) if self._templates[key] else True
        for index, problem in self._templates[key]:
            at = path if single else (*path, index)
            yield Problem(problem.code, at, problem.summary, problem.detail, problem.suggestion)

    def _of(self, source: str) -> Fields | None:
        """The fields of a source's records, None when they cannot be known."""
        if source not in self._fields:
            found = self._sources.get(source)
            known = found is not None and found.config is not None and isinstance(found.provider, SourceProvider)
            self._fields[source] = found.provider.fields(found.config) if known else None  # type: ignore[union-attr]
        return self._fields[source]

    def _after(self, source: str, matches: tuple[Match, ...]) -> Fields | None:
        """The fields of a source's records with what the joins add."""
        key = (source, matches)
        if key not in self._joined:
            fields = self._of(source)
            for match in matches:
                other = self._of(match.source)
                if fields is None or other is None:
                    fields = None
                    break
                fields = {**fields, **{name: other.get(name, FieldType.STRING) for name in match.take}}
            self._joined[key] = fields
        return self._joined[key]

    def _dangling(self, path: Path, name: str) -> Problem:
        known = sorted(self._sources)
        hint = f"Sources are: {', '.join(known)}." if known else "No source is declared: write a document of kind Source."
        return Problem("unknown-source", path, f"there is no source `{name}`", hint, near(name, known))


def _judge_template(template: tuple[str, ...], fields: Fields | None, lists: bool) -> Iterator[tuple[int, Problem]]:
    for index, text in enumerate(template):
        wrong = check_template(text)
        if wrong is not None:
            yield index, Problem("template", (), wrong)
        elif fields is not None and not (lists and fields.get(single_field(text) or "") is FieldType.STRINGS):
            for _, message, meant in check_template_fields((text,), fields):
                detail = "" if meant else f"Fields are: {', '.join(fields)}."
                yield index, Problem("template-field", (), message, detail, meant)


def _valid_problems(part: Part, data: Any) -> Iterator[Problem]:
    """Dates that stand in the spec itself and are none: better said here than once for each record."""
    for name, value in part.mapping:
        if isinstance(value, Valid):
            for (word, number), message in check_valid(value):
                path: Path = (*part.path, name, word)
                yield Problem("validity", (*path, number) if isinstance(_look(data, path), list) else path, message)


def _no_field(path: Path, name: str, source: str, fields: Fields) -> Problem:
    hint = f"Fields of {source}: {', '.join(fields) or 'none are known'}."
    return Problem("unknown-field", path, f"the source `{source}` has no field `{name}`", hint, near(name, list(fields)))


def _look(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data
