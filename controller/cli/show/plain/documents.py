"""Documents of the commands that list a few things or say one. No secret is near: of secrets there are only names."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

FORMAT = 1


class SecretRow(msgspec.Struct, frozen=True):
    """A secret of the sealed store: how specs name it, and when it was set (UTC). Its value has no output."""

    name: str
    set: str


class SecretsDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup secrets list -o json``."""

    secrets: tuple[SecretRow, ...]
    format: int = FORMAT


class ProtectionRow(msgspec.Struct, frozen=True):
    """What stays protected though the spec that said so may be gone: ``kind`` is protect, never_remove or ignore (a field)."""

    resource: str
    pattern: str
    kind: str
    since: str


class ProtectionsDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup protections list -o json``."""

    protections: tuple[ProtectionRow, ...]
    format: int = FORMAT


class VersionDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup version -o json``."""

    version: str
    format: int = FORMAT


class SimulatorRow(msgspec.Struct, frozen=True):
    """A simulator that listens now."""

    simulator: str
    url: str


class SimulatorsDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup simulate -o json``, written once all of them listen."""

    simulators: tuple[SimulatorRow, ...]
    format: int = FORMAT


DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {
    "secrets-list": SecretsDocument,
    "protections-list": ProtectionsDocument,
    "version": VersionDocument,
    "simulate": SimulatorsDocument,
}
