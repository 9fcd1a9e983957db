"""Checks what ties documents to each other: `forEach` and its source, `dependsOn`, `moved`, and who uses defaults and profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from controller.model.record import FieldType
from controller.registry import BrokenProvider, Registry
from controller.sdk.mapping import SubjectMapping
from controller.sdk.provider import SourceProvider, TargetProvider
from controller.sdk.template import check_template, check_template_fields, template_fields
from controller.sdk.where import check_where
from controller.spec.checks.document import Candidate
from controller.spec.checks.explain import Problem, explain, near
from controller.spec.checks.shape import TEMPLATE, marked
from controller.spec.envelope import CONTROLLER, KINDS
from controller.spec.policy import ControllerSpec, Layer
from controller.spec.syntax.positions import Path

Found = Iterator[tuple[Candidate, Problem]]
_KEY: Path = ("spec", "forEach", "key")


# -- forEach -----------------------------------------------------------------------------------------------------------------


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


# -- dependsOn ---------------------------------------------------------------------------------------------------------------


def dependency_problems(candidates: Sequence[Candidate]) -> Found:
    """Resources that do not exist, and rings of resources that wait for each other, each told once with its places."""
    by_address = {str(c.address): c for c in candidates if isinstance(c.provider, TargetProvider)}
    for candidate in candidates:
        for index, need in enumerate(candidate.depends_on):
            at: Path = ("spec", "dependsOn", index)
            if need == str(candidate.address):
                yield candidate, Problem("depends-on-itself", at, "it cannot wait for itself", "Leave it out.")
            elif _declared(need, by_address) is None:
                hint = (
                    "It waits for targets; sources are read before any of them."
                    if need.startswith("Source/")
                    else _named(by_address)
                )
                yield (
                    candidate,
                    Problem("unknown-resource", at, f"there is no `{need}` to wait for", hint, near(need, list(by_address))),
                )
    told: set[frozenset[str]] = set()
    for address in (a for a, c in by_address.items() if c.depends_on):
        ring = _ring(address, by_address)
        if len(ring) > 1 and frozenset(ring) not in told:
            told.add(frozenset(ring))
            yield by_address[address], _ring_problem(ring, by_address)


def _named(by_address: Mapping[str, Candidate]) -> str:
    return f"There are: {', '.join(by_address)}."


def _declared(address: str, by_address: Mapping[str, Candidate]) -> Candidate | None:
    """The document that declares an address; `Device/terminal@17` is declared by the one with forEach."""
    found = by_address.get(address)
    if found is None and "@" in address:
        found = by_address.get(address.partition("@")[0])
        return found if found is not None and found.for_each is not None else None
    return found


def _needs(address: str, by_address: Mapping[str, Candidate]) -> list[str]:
    return [str(found.address) for need in by_address[address].depends_on if (found := _declared(need, by_address)) is not None]


def _ring(start: str, by_address: Mapping[str, Candidate]) -> list[str]:
    """A way from ``start`` back to itself, empty when there is none."""
    ways: list[list[str]] = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for need in _needs(way[-1], by_address):
            if need == start:
                return way
            if need not in seen:
                seen.add(need)
                ways.append([*way, need])
    return []


def _ring_problem(ring: list[str], by_address: Mapping[str, Candidate]) -> Problem:
    way = " -> ".join([*ring, ring[0]])
    places = ", ".join(str(by_address[a].document.key("spec", "dependsOn")) for a in ring[1:])
    return Problem(
        "dependency-cycle", ("spec", "dependsOn"), f"these wait for each other: {way}", f"The others: {places}. Break one of them."
    )


# -- moved -------------------------------------------------------------------------------------------------------------------


def moved_problems(candidates: Sequence[Candidate]) -> Found:
    """A move goes from a name that is not declared any more to one that is."""
    by_address = {str(c.address): c for c in candidates if c.address.kind != CONTROLLER}
    for controller in candidates:
        if not isinstance(controller.whole, ControllerSpec):
            continue
        moves = controller.whole.moved
        gone = {move.from_ for move in moves}
        for index, move in enumerate(moves):
            at: Path = ("spec", "moved", index)
            if move.from_.partition("/")[0] != move.to.partition("/")[0]:
                yield controller, Problem("moved-kind", (*at, "to"), "a resource keeps its kind when it gets another name")
            elif move.from_.startswith("Source/"):
                yield (
                    controller,
                    Problem("moved-source", (*at, "from"), "nothing is owned on a source, so nothing moves", "Leave it out."),
                )
            elif _declared(move.from_, by_address) is not None and move.from_ != move.to:
                words = f"`{move.from_}` is still declared, so it did not move"
                yield controller, Problem("moved-from", (*at, "from"), words, "Take the document away, or this entry.")
            elif move.to not in gone and _declared(move.to, by_address) is None:
                hint = "If it is no longer there at all, take this entry away."
                yield (
                    controller,
                    Problem("moved-to", (*at, "to"), f"there is no `{move.to}`", hint, near(move.to, list(by_address))),
                )
            elif [m.from_ for m in moves].index(move.from_) != index:
                yield controller, Problem("moved-twice", (*at, "from"), f"`{move.from_}` moves twice", "Keep one of the entries.")


# -- defaults and profiles ---------------------------------------------------------------------------------------------------


def layer_problems(candidates: Sequence[Candidate], registry: Registry) -> Found:
    """Defaults for what does not exist, settings at a kind, and what no document of today would show to be wrong."""
    used = {c.document.data["spec"].get("provider") for c in candidates if c.provider is not None}
    for candidate in candidates:
        if not isinstance(candidate.whole, ControllerSpec):
            continue
        for name, layer in candidate.whole.defaults.items():
            at: Path = ("spec", "defaults", name)
            if name in KINDS:
                if layer.config:
                    hint = (
                        "Settings belong to a provider: write them under its name, for example defaults: {hikvision: {config: ...}}"
                    )
                    yield candidate, Problem("kind-config", (*at, "config"), f"`{name}` is a kind and has no settings", hint)
            elif name not in registry.names():
                words = [*KINDS, *registry.names()]
                hint = f"There are: {', '.join(words)}."
                summary = f"`{name}` is neither a kind nor a provider"
                yield candidate, Problem("unknown-default", at, summary, hint, near(name, words), on_key=True)
            elif name not in used:
                for problem in _config_problems(name, layer, at, registry):
                    yield candidate, problem


def unused_profiles(candidates: Iterable[Candidate]) -> Found:
    """Profiles that nobody takes; said as a warning."""
    candidates = list(candidates)
    taken = {_profile(c.document.data) for c in candidates}
    for candidate in candidates:
        for name in candidate.whole.profiles if isinstance(candidate.whole, ControllerSpec) else ():
            if name not in taken:
                hint = f"A resource takes it with `profile: {name}` under spec."
                yield (
                    candidate,
                    Problem(
                        "unused-profile", ("spec", "profiles", name), f"no resource takes the profile `{name}`", hint, on_key=True
                    ),
                )


def _profile(data: Any) -> Any:
    spec = data.get("spec")
    return spec.get("profile") if isinstance(spec, dict) and isinstance(spec.get("profile"), str) else None


def _config_problems(name: str, layer: Layer, at: Path, registry: Registry) -> Iterator[Problem]:
    try:
        model = registry.load(name).config
        model.model_validate(layer.config, by_alias=True, by_name=False)
    except BrokenProvider:
        return
    except ValidationError as error:
        for problem in explain(error, layer.config, model):
            if problem.code != "missing":
                yield Problem(
                    problem.code,
                    (*at, "config", *problem.path),
                    problem.summary,
                    problem.detail,
                    problem.suggestion,
                    problem.on_key,
                )
