"""The page of ``doctor``: sections, facts as name and value, findings, and what to do first."""

from __future__ import annotations

from collections.abc import Iterator

from controller.cli.show.layout import wrapped
from controller.cli.show.upkeep.findings_text import finding_lines, summary
from controller.runtime.doctor.page import Page, Section


def page_text(page: Page) -> str:
    lines = [f"trueup doctor, {page.made}"]
    for section in page.sections:
        lines += ["", section.title, *_section(section)]
    return "\n".join([*lines, "", summary(page.findings)])


def _section(section: Section) -> Iterator[str]:
    width = max(map(len, section.facts), default=0)
    for name, value in section.facts.items():
        yield from wrapped(value, 2, sign=f"{name:<{width}}  ")
    yield from finding_lines(section.findings, 2)
