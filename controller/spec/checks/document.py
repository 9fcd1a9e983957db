"""Judges one document by itself: is it a spec, whose, and does it fit the model of its kind and provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from controller.model.address import Address
from controller.model.diagnostic import Severity
from controller.registry import BrokenProvider, Registry, UnknownProvider, kind_of
from controller.sdk.mapping import SubjectMapping
from controller.sdk.provider import Provider, TargetProvider
from controller.spec.checks.explain import Problem, dotted, explain, near
from controller.spec.checks.shape import secret_keys
from controller.spec.documents import Document
from controller.spec.envelope import API_VERSION, CONTROLLER, KINDS, AnyDocument, controller_model, document_model
from controller.spec.excerpt import Findings
from controller.spec.policy import WRITTEN, Policy
from controller.spec.sharing.generator import Each, find_each
from controller.spec.sharing.shared import ForEach
from controller.spec.syntax.positions import Path


@dataclass(frozen=True)
class Part:
    """One valid item of a section; ``path`` leads to it from the document."""

    section: str
    path: Path
    mapping: SubjectMapping


@dataclass(frozen=True)
class Candidate:
    """What could be understood of a document. ``whole`` is its spec, None when any of it is wrong; then the valid parts are
    here all the same, so that one mistake does not hide the others."""

    document: Document
    address: Address
    provider: Provider | None = None
    config: Any = None
    policy: Policy | None = None
    parts: tuple[Part, ...] = ()
    whole: Any = None
    labels: Mapping[str, str] = field(default_factory=dict)
    for_each: ForEach | None = None
    each: tuple[Each, ...] = ()
    depends_on: tuple[str, ...] = ()
    sound: bool = True  # of a document with forEach, which has no ``whole``: nothing is wrong with what can be judged


class Judge:
    """Judges documents one after the other and reports to ``findings``."""

    def __init__(self, registry: Registry, findings: Findings) -> None:
        self._registry = registry
        self._findings = findings
        self._secrets_known: set[str] = set()

    def report(self, document: Document, problem: Problem) -> None:
        report(self._findings, document, problem)

    def judge(self, document: Document) -> Candidate | None:
        """None when not even a kind and a name can be read."""
        data = document.data
        if not isinstance(data, dict) or not data.keys() & {"apiVersion", "kind"}:
            words = "this is no spec: it has no apiVersion and no kind"
            hint = (
                f"A spec begins with `apiVersion: {API_VERSION}` and `kind: Device`. Data files belong outside of the spec folder."
            )
            self.report(document, Problem("not-a-spec", (), words, hint))
            return None
        kind = data.get("kind")
        if kind == CONTROLLER:
            return self._fitted(document, kind, None, controller_model())
        provider = self._provider(document, kind)
        if provider is None:
            self._fit(document, AnyDocument)
            return _named(document, str(kind), None)
        self._know_secrets(provider)
        if (
            isinstance(provider, TargetProvider)
            and isinstance(document.data.get("spec"), dict)
            and "forEach" in document.data["spec"]
        ):
            return self._generator(document, str(kind), provider)
        return self._fitted(document, str(kind), provider, document_model(provider))

    def _provider(self, document: Document, kind: Any) -> Provider | None:
        if "kind" not in document.data:
            return None  # the envelope says that it is missing
        if not isinstance(kind, str) or kind not in KINDS:
            meant = near(kind, list(KINDS)) if isinstance(kind, str) else ""
            words = f"Kinds are: {', '.join(KINDS)}."
            self.report(document, Problem("unknown-kind", ("kind",), "there is no such kind of spec", words, meant))
            return None
        spec = document.data.get("spec")
        if not isinstance(spec, dict):
            return None
        name = spec.get("provider")
        if not isinstance(name, str):
            there = "must be a text" if "provider" in spec else "is missing"
            hint = f"Providers of kind {kind}: {', '.join(self._registry.names(kind)) or 'none'}."
            self.report(document, Problem("missing-provider", ("spec", "provider"), f"`provider` {there}", hint))
            return None
        return self._load(document, str(kind), name)

    def _load(self, document: Document, kind: str, name: str) -> Provider | None:
        path: Path = ("spec", "provider")
        try:
            provider = self._registry.load(name)
        except UnknownProvider as problem:
            known = self._registry.names(kind)
            hint = f"Providers of kind {kind}: {', '.join(known) or 'none'}."
            meant = near(name, known) or problem.suggestion
            self.report(document, Problem("unknown-provider", path, f"there is no provider `{name}`", hint, meant))
            return None
        except BrokenProvider as problem:
            self.report(document, Problem("broken-provider", path, problem.message, problem.hint))
            return None
        if kind_of(provider) != kind:
            hint = f"Write `kind: {kind_of(provider)}`, or one of the providers of kind {kind}: "
            names = ", ".join(self._registry.names(kind)) or "none"
            words = f"`{name}` is a provider of kind {kind_of(provider)}, not {kind}"
            self.report(document, Problem("wrong-kind", path, words, f"{hint}{names}."))
            return None
        return provider

    def _know_secrets(self, provider: Provider) -> None:
        if provider.name not in self._secrets_known:
            self._secrets_known.add(provider.name)
            self._findings.hide(keys=secret_keys(provider.config))

    def _fit(self, document: Document, model: type[BaseModel]) -> Any:
        """The document as ``model``; None and reported when it does not fit."""
        try:
            return model.model_validate(document.data, by_alias=True, by_name=False, context=WRITTEN)
        except ValidationError as error:
            self._explain(document, error, model)
            return None

    def _explain(self, document: Document, error: ValidationError, model: type[BaseModel], each: tuple[Each, ...] = ()) -> bool:
        """Report what is wrong; whether anything is. What records will say cannot be judged yet."""
        problems = [p for p in explain(error, document.data, model) if not waits(p, each)]
        for problem in problems:
            self.report(document, problem)
        return bool(problems)

    def _generator(self, document: Document, kind: str, provider: TargetProvider) -> Candidate | None:
        """A document with ``forEach``: judged but for what records will say."""
        model = document_model(provider)
        each = find_each(document.data, provider, model)
        wrong = False
        try:
            model.model_validate(document.data, by_alias=True, by_name=False, context=WRITTEN)
        except ValidationError as error:
            wrong = self._explain(document, error, model, each)
        found = _pieces(_named(document, kind, provider))
        if found is None:
            return None
        spec, metadata = document.data["spec"], document.data["metadata"]
        for_each = _try(ForEach, spec["forEach"])
        labels = {k: v for k, v in metadata.get("labels", {}).items() if isinstance(v, str)} if not wrong else {}
        waits_for = tuple(spec.get("dependsOn", ())) if not wrong else ()
        return replace(found, config=None, for_each=for_each, each=each, labels=labels, depends_on=waits_for, sound=not wrong)

    def _fitted(self, document: Document, kind: str, provider: Provider | None, model: type[BaseModel]) -> Candidate | None:
        fitted = self._fit(document, model)
        if fitted is None:
            return _pieces(_named(document, kind, provider))
        spec = fitted.spec
        address = Address(kind, fitted.metadata.name)
        if provider is None:
            return Candidate(document, address, whole=spec, labels=fitted.metadata.labels)
        parts = _parts(provider, spec)
        waits_for = spec.depends_on if isinstance(provider, TargetProvider) else ()
        return Candidate(
            document, address, provider, spec.config, spec.policy, parts, spec, fitted.metadata.labels, depends_on=waits_for
        )


def report(findings: Findings, document: Document, problem: Problem, *, again: bool = True) -> None:
    """Give a problem its place: that of the key where the key is wrong, else the best for its path. Without
    ``again`` it is left out when something is reported there already."""
    if document.unjudged(problem.path):
        return
    here = document.key if problem.on_key else document.best
    place, path = here(*problem.path), dotted(document.written(problem.path))
    if not again and findings.known(place, path):
        return
    detail = " ".join(part for part in (problem.detail, document.note(problem.path)) if part)
    severity = Severity.WARNING if problem.warning else Severity.ERROR
    findings.add(place, problem.code, problem.summary, detail=detail, suggestion=problem.suggestion, path=path, severity=severity)


def waits(problem: Problem, each: Iterable[Each]) -> bool:
    """Whether a problem is about a place that records will fill."""
    return any(problem.path[: len(e.path)] == e.path for e in each)


def _named(document: Document, kind: str, provider: Provider | None) -> Candidate | None:
    metadata = document.data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return Candidate(document, Address(kind, name), provider) if isinstance(name, str) and name else None


def _parts(provider: Provider, spec: Any) -> tuple[Part, ...]:
    if not isinstance(provider, TargetProvider):
        return ()
    return tuple(
        Part(section, ("spec", section, index), mapping)
        for section in provider.sections
        for index, mapping in enumerate(getattr(spec, section))
    )


def _pieces(candidate: Candidate | None) -> Candidate | None:
    """The candidate with those parts of its spec that are right by themselves."""
    spec = candidate.document.data.get("spec") if candidate is not None else None
    if candidate is None or candidate.provider is None or not isinstance(spec, dict):
        return candidate
    provider = candidate.provider
    config = _try(provider.config, spec.get("config", {}))
    policy = _try(Policy, spec.get("policy", {}))
    return Candidate(candidate.document, candidate.address, provider, config, policy, tuple(_valid_parts(provider, spec)))


def _valid_parts(provider: Provider, spec: dict[str, Any]) -> Iterator[Part]:
    for section, model in provider.sections.items() if isinstance(provider, TargetProvider) else ():
        items = spec.get(section)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            mapping = _try(model, item)
            if mapping is not None:
                yield Part(section, ("spec", section, index), mapping)


def _try(model: type[BaseModel], data: Any) -> Any:
    try:
        return model.model_validate(data, by_alias=True, by_name=False, context=WRITTEN)
    except ValidationError:
        return None  # reported already, by the pass over the whole document
