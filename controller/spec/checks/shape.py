"""Looks at spec models rather than at specs: which keys a level has, and where the fields with a meaning stand.

The meanings are marks in the fields' schemas: ``x-trueup-template`` (with ``x-trueup-template-lists`` where a list field may
fill it alone), ``x-trueup-secret``, and ``x-trueup-may-lack``: a record that has no value for it leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from controller.spec.syntax.positions import Path

TEMPLATE, TEMPLATE_OF_LISTS, SECRET = "x-trueup-template", "x-trueup-template-lists", "x-trueup-secret"
MAY_LACK = "x-trueup-may-lack"
_MARKS = frozenset({TEMPLATE, TEMPLATE_OF_LISTS, SECRET, MAY_LACK})


@cache
def keys(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a model by the key that a spec writes."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def models_in(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Every model that a value of this type may be or hold."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return (annotation,) if issubclass(annotation, BaseModel) else ()
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return tuple(dict.fromkeys(model for part in inner for model in models_in(part)))


def field_at(model: type[BaseModel], path: Sequence[str | int]) -> FieldInfo | None:
    """The field that ``path`` leads to, None when it leads to none; within a field of free keys that field."""
    levels: tuple[type[BaseModel], ...] = (model,)
    found = None
    free = False
    for part in path:
        if isinstance(part, int):
            continue
        if free:
            free = False
            continue
        found = next((keys(level)[part] for level in levels if part in keys(level)), None)
        levels = models_in(found.annotation) if found is not None else ()
        free = found is not None and get_origin(found.annotation) is dict
    return found


def marks_at(model: type[BaseModel], path: Sequence[str | int]) -> frozenset[str]:
    """The marks of the field that ``path`` leads to."""
    info = field_at(model, path)
    return frozenset(_marks_of(info)) if info is not None else frozenset()


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> Mapping[str, FieldInfo]:
    """The keys that may stand at ``path``."""
    info = field_at(model, path)
    levels = (model,) if not any(isinstance(part, str) for part in path) else models_in(info.annotation) if info else ()
    return {key: info for level in levels for key, info in keys(level).items()}


@cache
def homes(model: type[BaseModel]) -> Mapping[str, tuple[str, ...]]:
    """For every key anywhere in the model the levels it stands at, as ``spec.policy``."""
    found: dict[str, list[str]] = {}
    for path, key in _levels(model, (), ()):
        found.setdefault(key, []).append(".".join(path))
    return {key: tuple(dict.fromkeys(paths)) for key, paths in found.items()}


def _levels(
    model: type[BaseModel], path: tuple[str, ...], above: tuple[type[BaseModel], ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, info in keys(model).items():
        yield path, key
        for inner in models_in(info.annotation):
            if inner not in above:
                yield from _levels(inner, (*path, key), (*above, model))


@cache
def _plan(model: type[BaseModel]) -> tuple[tuple[str, str, frozenset[str], bool], ...]:
    """What of a model is worth looking at: attribute, key, marks, and whether models stand below it."""
    out = []
    for name, info in model.model_fields.items():
        marks = frozenset(_marks_of(info))
        below = bool(models_in(info.annotation))
        if marks or below:
            out.append((name, info.alias or name, marks, below))
    return tuple(out)


def _marks_of(info: FieldInfo) -> Iterator[str]:
    yield from _extra(info)
    yield from _marks_in(info.annotation)
    for meta in info.metadata:
        if isinstance(meta, FieldInfo):
            yield from _extra(meta)


def _marks_in(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Annotated:
        for meta in get_args(annotation)[1:]:
            if isinstance(meta, FieldInfo):
                yield from _extra(meta)
    for part in get_args(annotation):
        yield from _marks_in(part)


def _extra(info: FieldInfo) -> Iterator[str]:
    if isinstance(info.json_schema_extra, dict):
        yield from _MARKS & info.json_schema_extra.keys()


def marked(value: BaseModel, wanted: str, path: Path = ()) -> Iterator[tuple[frozenset[str], Path, Any]]:
    """Marks, path and value of every field below ``value`` that bears the wanted mark and is not None."""
    for name, key, marks, below in _plan(type(value)):
        content = getattr(value, name)
        if content is None:
            continue
        if wanted in marks:
            yield marks, (*path, key), content
        if below:
            yield from _below(content, wanted, (*path, key))


def _below(content: Any, wanted: str, path: Path) -> Iterator[tuple[frozenset[str], Path, Any]]:
    if isinstance(content, BaseModel):
        yield from marked(content, wanted, path)
    elif isinstance(content, list | tuple):
        for index, item in enumerate(content):
            yield from _below(item, wanted, (*path, index))
    elif isinstance(content, dict):
        for key, item in content.items():
            yield from _below(item, wanted, (*path, key))


def secret_keys(model: type[BaseModel], above: tuple[type[BaseModel], ...] = ()) -> frozenset[str]:
    """The keys anywhere in a model whose values are secrets."""
    found: set[str] = set()
    for name, info in model.model_fields.items():
        if SECRET in frozenset(_marks_of(info)):
            found.add(info.alias or name)
        for inner in models_in(info.annotation):
            if inner not in above:
                found |= secret_keys(inner, (*above, model))
    return frozenset(found)
