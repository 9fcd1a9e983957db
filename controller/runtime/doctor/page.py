"""The page that ``doctor`` makes: facts to copy and findings to act on, in sections. Words only; every text in it is clean."""

from __future__ import annotations

import msgspec

from controller.state.upkeep.finding import Finding


class Section(msgspec.Struct, frozen=True):
    """``facts`` are name and value as they are to be read; ``findings`` say what is well and what is not."""

    title: str
    facts: dict[str, str] = {}
    findings: tuple[Finding, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """``redacted``: names of hosts and users stand as host-1, user-1."""

    made: str
    redacted: bool
    sections: tuple[Section, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for section in self.sections for finding in section.findings)
