"""Findings line by line, what to do under each that needs it, and a last line that sums up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from controller.cli.show.layout import wrapped
from controller.cli.show.words import counted
from controller.state.upkeep.finding import Finding, Level

_WORDS = {Level.OK: "ok", Level.WARN: "warn", Level.FAIL: "FAIL"}


def findings_text(findings: Sequence[Finding]) -> str:
    return "\n".join([*finding_lines(findings), "", summary(findings)])


def finding_lines(findings: Sequence[Finding], indent: int = 0) -> Iterator[str]:
    for finding in findings:
        yield from wrapped(finding.message, indent, hang=0, sign=f"{_WORDS[finding.level]:<6}")
        if finding.next:
            yield from wrapped(finding.next, indent + 6, sign="-> ")


def summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.level for finding in findings)
    troubles = [
        f"{counts[Level.FAIL]} failed" * bool(counts[Level.FAIL]),
        f"{counts[Level.WARN]} to look at" * bool(counts[Level.WARN]),
    ]
    said = ", ".join(trouble for trouble in troubles if trouble)
    return f"{counted(len(findings), 'finding')}: {said or 'all is well'}."
