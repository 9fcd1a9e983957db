"""The JSON outputs of ``state``, ``secrets rotate`` and ``doctor``, described by the schemas in ``schemas/``. No secret is near."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from controller.runtime.doctor.page import Page
from controller.state.upkeep.backup import Copied
from controller.state.upkeep.finding import Finding, Level
from controller.state.upkeep.holdings import Held, Holding
from controller.state.upkeep.restore import Restored
from controller.state.upkeep.rotation import Rotated

FORMAT = 1


class BackupDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup state backup -o json``. The key is never in a backup."""

    backup: Copied
    format: int = FORMAT


class RestoreDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup state restore -o json``."""

    restored: Restored
    format: int = FORMAT


class CheckDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup state check -o json``. ``worst`` is the gravest level; fail means exit code 1."""

    worst: Level
    findings: tuple[Finding, ...]
    format: int = FORMAT


class HoldingsDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup state list -o json``. ``entities`` are filled when an address or a filter was given."""

    resources: tuple[Holding, ...] = ()
    entities: tuple[Held, ...] = ()
    format: int = FORMAT


class ForgetDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup state forget -o json``. ``left`` hang on what was forgotten and stay ours; ``unfinished`` changes will not
    be looked for any more."""

    forgotten: tuple[Held, ...]
    resources: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unfinished: int = 0
    protections_kept: int = 0
    format: int = FORMAT


class LeaseDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup state unlock -o json``: who holds the state, or held it last. ``alive`` is null where the process cannot
    be seen from here; ``freed`` when this call took the lease away. Times are UTC."""

    held: bool
    fencing: int = 0
    host: str = ""
    pid: int = 0
    user: str = ""
    doing: str = ""
    since: str = ""
    until: str = ""
    alive: bool | None = None
    freed: bool = False
    format: int = FORMAT


class RotateDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup secrets rotate -o json``: where the keys lie, never what they are."""

    rotated: Rotated
    format: int = FORMAT


class DoctorDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup doctor -o json``. ``worst`` is the gravest level; fail means exit code 1."""

    worst: Level
    page: Page
    format: int = FORMAT


DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {
    "state-backup": BackupDocument,
    "state-restore": RestoreDocument,
    "state-check": CheckDocument,
    "state-list": HoldingsDocument,
    "state-forget": ForgetDocument,
    "state-unlock": LeaseDocument,
    "secrets-rotate": RotateDocument,
    "doctor": DoctorDocument,
}
