"""The models of whole documents, put together per kind and provider: one pass judges a document, one schema explains it."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field, StringConstraints, create_model

from controller.registry import kind_of
from controller.sdk.mapping import SpecModel, SubjectMapping
from controller.sdk.provider import Provider, TargetProvider
from controller.spec.policy import ControllerSpec, Policy
from controller.spec.sharing.shared import AddressText, ForEach

API_VERSION = "trueup/v1"
CONTROLLER = "Controller"
KINDS = {
    "Source": "Where people and data come from.",
    "Device": "A terminal at a door, or another device that is kept as declared.",
    "Integration": "A system that is kept as declared.",
    "Webhook": "A notification that another system sends or receives.",
    "Export": "A file or a feed that is kept as declared.",
    "ILS": "A library system.",
    "Service": "A service that is kept as declared.",
    CONTROLLER: "Settings of the whole workspace; at most one.",
}
NAME_PATTERN = r"^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$"
NAME_LENGTH = 63
Sections: TypeAlias = tuple[tuple[str, type[SubjectMapping]], ...]


class Metadata(SpecModel):
    """How the resource is called and found."""

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN, min_length=1, max_length=NAME_LENGTH)] = Field(
        description="Name of the resource, unique among its kind: small letters, digits, and - . _ between them.",
        examples=["front-door"],
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="Words to select resources by (`--label site=gym`).", examples=[{"site": "gym"}]
    )
    annotations: dict[str, str] = Field(
        default_factory=dict, description="Notes for people and tools; trueup ignores them.", examples=[{"owner": "Anna"}]
    )


class AnyDocument(SpecModel):
    """A document of which only kind and name are to be judged, because its provider is unknown."""

    api_version: Literal["trueup/v1"] = Field(description="Version of the spec language.")
    kind: Any = Field(description="What is declared.")
    metadata: Metadata
    spec: dict[str, Any]


def document_model(provider: Provider) -> type[BaseModel]:
    """The model of a document whose spec names this provider; its ``spec`` has ``config``, ``policy`` and the sections."""
    sections = tuple(provider.sections.items()) if isinstance(provider, TargetProvider) else ()
    return _document_model(kind_of(provider), provider.name, provider.title, provider.config, sections)


@cache
def _document_model(kind: str, name: str, title: str, config: type[BaseModel], sections: Sections) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "provider": (Literal[name], Field(description=f"{title}.")),
        "config": _config_field(config),
        "profile": (
            str | None,
            Field(None, description="Name of a profile of the Controller, for what is not said here.", examples=["careful"]),
        ),
        "policy": (Policy, Field(default_factory=Policy, description="What the engine may do with this resource.")),
    }
    if kind != "Source":
        fields["for_each"] = (ForEach | None, Field(None, description="One resource for each record of a source."))
        words = "Resources that are brought into order before this one: when one of them is parked, this one is left alone."
        fields["depends_on"] = (tuple[AddressText, ...], Field((), description=words, examples=[["Device/front-door"]]))
    for key, mapping in sections:
        default = ... if len(sections) == 1 else ()
        words = "Whom or what this resource keeps: a list, since several sources may feed it."
        fields[key] = (tuple[mapping, ...], Field(default, alias=key, description=words))  # type: ignore[valid-type]
    spec = create_model(f"{kind}_{name}_spec", __base__=SpecModel, __doc__=f"{title}.", **fields)
    return _enveloped(kind, f"{kind}.{name}", title, spec)


def _config_field(config: type[BaseModel]) -> tuple[Any, Any]:
    words = "The provider's own settings."
    needed = any(info.is_required() for info in config.model_fields.values())
    return config, Field(description=words) if needed else Field(default_factory=config, description=words)


@cache
def controller_model() -> type[BaseModel]:
    return _enveloped(CONTROLLER, CONTROLLER, KINDS[CONTROLLER], ControllerSpec)


def _enveloped(kind: str, name: str, title: str, spec: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "api_version": (Literal["trueup/v1"], Field(description="Version of the spec language.")),
        "kind": (Literal[kind], Field(description=KINDS.get(kind, title))),
        "metadata": (Metadata, Field(description="How the resource is called and found.")),
        "spec": (spec, Field(description="What is declared.")),
    }
    return create_model(name, __base__=SpecModel, __doc__=title, **fields)
