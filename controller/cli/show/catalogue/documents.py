"""The JSON outputs of explain, providers and schema, described by the schemas in ``schemas/``."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from controller.spec.explaining.provider_facts import ProviderFacts
from controller.spec.explaining.topics import Answer

FORMAT = 1


class ExplainDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup explain -o json``: one answer for all providers that agree, several where they differ."""

    answers: tuple[Answer, ...]
    format: int = FORMAT


class ProviderRow(msgspec.Struct, frozen=True):
    """One provider by name; ``kind`` is empty where only loading would tell, ``origin`` is the distribution it comes with."""

    name: str
    kind: str
    origin: str
    simulator: bool


class ProvidersDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup providers list -o json``."""

    providers: tuple[ProviderRow, ...]
    format: int = FORMAT


class ProviderDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup providers describe -o json``."""

    provider: ProviderFacts
    format: int = FORMAT


class ScaffoldDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup providers new -o json``: the folder and the files written into it."""

    folder: str
    files: tuple[str, ...]
    format: int = FORMAT


class SchemaRow(msgspec.Struct, frozen=True):
    """One schema: ``name`` as ``trueup schema NAME`` takes it."""

    name: str
    title: str


class SchemasDocument(msgspec.Struct, frozen=True):
    """Output of ``trueup schema --list -o json``."""

    schemas: tuple[SchemaRow, ...]
    format: int = FORMAT


DOCUMENTS: Mapping[str, type[msgspec.Struct]] = {
    "explain": ExplainDocument,
    "providers-list": ProvidersDocument,
    "providers-describe": ProviderDocument,
    "providers-new": ScaffoldDocument,
    "schema-list": SchemasDocument,
}
