"""Puts the page together: machine, workspace, state, network. Reads and knocks; writes nothing and opens no secret."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from controller.model.diagnostic import Severity
from controller.model.errors import TrueupError
from controller.runtime.doctor.machine import environment, providers, terminal, time, versions
from controller.runtime.doctor.network import Knocking, network
from controller.runtime.doctor.page import Page, Section
from controller.runtime.doctor.redaction import Redactor
from controller.runtime.upkeep import state_findings
from controller.runtime.workspace import Options
from controller.spec.load import check_specs
from controller.spec.resource import Specs
from controller.spec.trust import load_trust
from controller.state import opening
from controller.state.rows import stamp
from controller.state.statements import statements
from controller.state.upkeep.finding import Finding, fail, fine, warn


@dataclass(frozen=True)
class Visit:
    """``names`` shows hosts and users as they are; ``knock`` False leaves the network alone; ``seconds`` per step of it."""

    names: bool = False
    knock: bool = True
    seconds: float = 3.0


async def examine(options: Options, visit: Visit) -> Page:
    """The whole page; what cannot be looked at is a finding on it."""
    redactor = Redactor(show=visit.names)
    _learn_names(options, redactor)
    specs, declared = _specs(options)
    zone = specs.controller.timezone if specs is not None else None
    sections = [
        versions(options.version),
        providers(),
        terminal(options.environ),
        environment(options.environ, redactor),
        await time(options.clock, zone),
        declared,
        Section("State", findings=tuple(state_findings(options))),
    ]
    if visit.knock and specs is not None:
        sections.append(await network(specs.resources, Knocking(options.clock, redactor, visit.seconds)))
    elif visit.knock:
        sections.append(Section("Network", {"resources": "not known while the specs are wrong"}))
    return Page(stamp(options.clock.now()), not visit.names, tuple(_clean(section, redactor) for section in sections))


def _clean(section: Section, redactor: Redactor) -> Section:
    facts = {name: redactor.text(value) for name, value in section.facts.items()}
    found = (Finding(f.check, f.level, redactor.text(f.message), redactor.text(f.next)) for f in section.findings)
    return Section(section.title, facts, tuple(found))


def _learn_names(options: Options, redactor: Redactor) -> None:
    """Machines and users that the state remembers: who holds the lease, where runs were."""
    with suppress(TrueupError, sqlite3.Error), closing(opening.open_for_reading(options.state)) as conn:
        sql = statements("upkeep")
        for (host,) in conn.execute(sql.machines):
            redactor.host(host)
        for (account,) in conn.execute(sql.accounts):
            redactor.user(account)


def _specs(options: Options) -> tuple[Specs | None, Section]:
    """The specs, None when they are wrong, and how many problems they have. No text of theirs is shown: names stand in it."""
    try:
        specs, diagnostics = check_specs(options.specs, vars_files=options.vars_files)
    except (TrueupError, OSError) as error:
        message = error.message if isinstance(error, TrueupError) else f"{error.strerror}: {error.filename}"
        return None, Section("Specs", findings=(fail("specs", message, "trueup validate"), *_trust(options)))
    errors = sum(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
    warnings = len(diagnostics) - errors
    facts, findings = {"problems": f"{errors} errors, {warnings} warnings"}, []
    if specs is None:
        findings.append(fail("specs", f"problems in the specs: {errors}", "trueup validate"))
    else:
        facts |= {"resources": str(len(specs.resources)), "files": str(len(specs.files))}
        if specs.generators:
            facts["forEach"] = f"{len(specs.generators)} documents; what they make is not looked at here"
        findings.append(fine("specs", "the specs are valid") if not warnings else _warned(warnings))
        findings += [*_rights(specs.files)]
    return specs, Section("Specs", facts, (*findings, *_trust(options)))


def _warned(count: int) -> Finding:
    return warn("specs", f"the specs are valid; warnings: {count}", "trueup validate")


def _rights(files: tuple[Path, ...]) -> Iterator[Finding]:
    """Who may write a spec may open doors."""
    loose = [path for path in files if path.exists() and path.stat().st_mode & stat.S_IWOTH]
    if loose:
        yield warn("spec-rights", f"everybody may write {loose[0]}", f"chmod o-w {loose[0]}")


def _trust(options: Options) -> Iterator[Finding]:
    if options.trust is None:
        return
    try:
        load_trust(options.trust, options.specs)
    except TrueupError as error:
        yield fail("trust", error.message, "mend the trust file: nothing is sent anywhere until then")
        return
    if options.trust.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield warn("trust-rights", f"others may write the trust file {options.trust}", f"chmod go-w {options.trust}")
    else:
        yield fine("trust", "the trust file is read, and only its owner may write it")
