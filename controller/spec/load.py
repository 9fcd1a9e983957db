"""Specs from files: everything that is wrong at once, or everything that is declared. Reads files, resolves no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.model.change import Given
from controller.model.diagnostic import Diagnostic, Severity
from controller.model.encoding import digest
from controller.model.errors import SpecInvalid
from controller.registry import REGISTRY, Registry
from controller.sdk.provider import TargetProvider
from controller.spec.checks.document import Candidate, Judge, report, waits
from controller.spec.checks.explain import dotted
from controller.spec.checks.fields import FieldCheck
from controller.spec.checks.for_each import for_each_problems
from controller.spec.checks.rules import rule_places, rule_problems
from controller.spec.checks.sharing import dependency_problems, layer_problems, moved_problems, unused_profiles
from controller.spec.checks.together import by_source, objections, patterns, settings, shared_endpoints, taken_twice, zones
from controller.spec.documents import Document, read_documents
from controller.spec.excerpt import Findings, looks_secret
from controller.spec.policy import ControllerSpec
from controller.spec.resource import Mapped, Resource, Specs
from controller.spec.sharing.generator import Generator, without_plain
from controller.spec.sharing.layered import Layered
from controller.spec.sharing.layers import given_to, layered
from controller.spec.sharing.shared import ForEach


def load_specs(paths: Sequence[Path], registry: Registry = REGISTRY, vars_files: Sequence[Path] = ()) -> Specs:
    """Everything declared under ``paths`` (files and folders), with the values of ``vars_files``. Raises SpecInvalid with every
    problem."""
    specs, diagnostics = check_specs(paths, registry, vars_files)
    if specs is None:
        count = len(diagnostics)
        raise SpecInvalid(
            tuple(diagnostics),
            f"{count} problem{'s' if count != 1 else ''} in the specs, so nothing was read or changed",
            hint="put that right, then: trueup validate",
        )
    return specs


def check_specs(
    paths: Sequence[Path],
    registry: Registry = REGISTRY,
    vars_files: Sequence[Path] = (),
    instead: Mapping[Path, bytes] | None = None,
) -> tuple[Specs | None, list[Diagnostic]]:
    """The specs, None when any of them is wrong, and every problem in order of place, warnings included. ``instead``: as of
    ``read_documents``."""
    reading = read_documents(paths, instead)
    findings = reading.findings
    judge = Judge(registry, findings)
    documents = layered(reading, vars_files)
    candidates = [found for document in documents if (found := judge.judge(document)) is not None]
    controller = settings(candidates)
    assumed = controller or ControllerSpec(timezone="UTC")  # unreadable settings must not raise objections to what lacks them
    resources = {id(c): _resource(c, assumed) for c in candidates if c.whole is not None and c.provider}
    _check_together(candidates, controller, findings)
    for candidate, problem in rule_problems(candidates, registry.names()):
        report(findings, candidate.document, problem)
    _check_each(candidates, resources, findings)
    _check_sharing(candidates, registry, findings)
    if not reading.documents and not findings.errors:
        findings.file(
            ", ".join(map(str, paths)) or ".", "no-specs", "nothing is declared here", detail="Write a spec, or see `trueup init`."
        )
    diagnostics = diagnostics_of(findings, [*reading.documents, *(d for d in documents if isinstance(d, Layered))])
    if findings.errors or controller is None:
        return None, diagnostics
    generators = tuple(_generator(c, c.for_each, controller) for c in candidates if c.for_each is not None)
    specs = _specs(tuple(resources.values()), generators, controller, reading.files)
    return replace(specs, rule_places=rule_places(candidates)), diagnostics


def _check_together(candidates: list[Candidate], controller: ControllerSpec | None, findings: Findings) -> None:
    for found in (taken_twice(candidates), shared_endpoints(candidates), zones(candidates, controller)):
        for candidate, problem in found:
            report(findings, candidate.document, problem)


def _check_sharing(candidates: list[Candidate], registry: Registry, findings: Findings) -> None:
    for found in (
        for_each_problems(candidates, by_source(candidates)),
        dependency_problems(candidates),
        moved_problems(candidates),
        layer_problems(candidates, registry),
    ):
        for candidate, problem in found:
            report(findings, candidate.document, problem)
    for candidate, problem in unused_profiles(candidates):
        place = candidate.document.key(*problem.path)
        findings.add(
            place, problem.code, problem.summary, detail=problem.detail, path=dotted(problem.path), severity=Severity.WARNING
        )


def _check_each(candidates: list[Candidate], resources: Mapping[int, Resource], findings: Findings) -> None:
    fields = FieldCheck(by_source(candidates))
    for candidate in candidates:
        for problem in patterns(candidate):
            report(findings, candidate.document, problem)
        for part in candidate.parts:
            for problem in fields.problems(part, candidate.document.data):
                if not (candidate.each and waits(problem, candidate.each)):
                    report(findings, candidate.document, problem)
        resource = resources.get(id(candidate))
        for problem in objections(resource) if resource is not None else ():
            report(findings, candidate.document, problem, again=False)


def diagnostics_of(findings: Findings, documents: list[Document]) -> list[Diagnostic]:
    """Everything found, in order of place; no secret of these documents stands in it."""
    if not len(findings):
        return []
    for document in documents:
        findings.hide(texts=_secrets(document.data))
    return findings.diagnostics()


def _secrets(node: Any, secret: bool = False) -> Iterator[str]:
    """Every text that stands where a secret might."""
    if isinstance(node, dict):
        for key, value in node.items():
            inside = secret and key not in ("env", "file", "secret", "each")
            yield from _secrets(value, key == "plain" or inside or (looks_secret(key) and not secret))
    elif isinstance(node, list):
        for item in node:
            yield from _secrets(item, secret)
    elif secret and node is not None and not isinstance(node, bool) and len(str(node)) > 2:
        yield str(node)


def _specs(
    resources: tuple[Resource, ...], generators: tuple[Generator, ...], controller: ControllerSpec, files: list[Path]
) -> Specs:
    declared = sorted((str(r.address), r.digest, sorted(r.labels.items())) for r in resources)
    made = sorted((str(g.address), digest(without_plain(g.data))) for g in generators)
    whole = digest([declared, controller.model_dump(mode="json"), *([made] if made else [])])
    return Specs(resources, controller, whole, tuple(files), generators=generators)


def _generator(candidate: Candidate, for_each: ForEach, controller: ControllerSpec) -> Generator:
    provider, document = candidate.provider, candidate.document
    assert isinstance(provider, TargetProvider)
    place = document.value("metadata", "name")
    at = document.key("spec", "forEach")
    items = {s: document.data["spec"].get(s, ()) for s in provider.sections}
    return Generator(
        address=candidate.address,
        provider=provider,
        for_each=for_each,
        data=document.data,
        each=candidate.each,
        place=place,
        folder=document.folder,
        mapping_places={(s, i): document.value("spec", s, i) for s, found in items.items() for i in range(len(found))},
        zone=controller.timezone,
        labels=candidate.labels,
        given=(*given_to(document), Given(f"forEach {for_each.source}", (), f"{at.file}:{at.line}")),
        depends_on=candidate.depends_on,
    )


def _resource(candidate: Candidate, controller: ControllerSpec) -> Resource:
    assert candidate.provider is not None and candidate.policy is not None
    document, provider = candidate.document, candidate.provider
    return Resource(
        address=candidate.address,
        provider=provider,
        config=candidate.config,
        policy=candidate.policy,
        labels=candidate.labels,
        mappings=tuple(Mapped(p.section, p.mapping, document.value(*p.path)) for p in candidate.parts),
        place=document.value("metadata", "name"),
        folder=document.folder,
        digest=digest(without_plain(document.data["spec"])),
        zone=provider.zone(candidate.config) or controller.timezone,
        document=without_plain(document.data),
        given=given_to(document),
        depends_on=candidate.depends_on,
    )
