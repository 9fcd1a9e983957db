"""The JSON outputs of the commands that are about the specs themselves, described by the schemas in ``schemas/``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from controller.model.diagnostic import Diagnostic
from controller.spec.graph import Graph

FORMAT = 1


class FormattedFile(msgspec.Struct, frozen=True):
    """``formatted``: it was rewritten; ``would-change``: it is not in canonical form, and nothing was written."""

    file: str
    state: Literal["formatted", "would-change", "fine"]


class FmtDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup fmt -o json``. ``problems`` are those of files that were left alone."""

    files: tuple[FormattedFile, ...]
    problems: tuple[Diagnostic, ...] = ()
    format: int = FORMAT


class GraphDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup graph -o json``."""

    graph: Graph
    format: int = FORMAT


DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {"fmt": FmtDocument, "graph": GraphDocument}
