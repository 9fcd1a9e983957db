"""Resources that left the specs with ``whenRemovedFromSpec: empty``: their last spec is remembered, so that they can be emptied.

References are remembered, never values: one that stood in the spec in plain is gone with it, and then the resource is forgotten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from controller.model.address import Address
from controller.model.diagnostic import Place
from controller.model.encoding import canonical
from controller.registry import REGISTRY, BrokenProvider, Registry, UnknownProvider
from controller.sdk.provider import Provider
from controller.spec.envelope import document_model
from controller.spec.resource import Mapped, Resource


def remembered(resource: Resource) -> str:
    """The spec as it is kept in the state; empty when it is not needed once the spec is gone."""
    if resource.policy.when_removed_from_spec != "empty":
        return ""
    return canonical(
        {"address": str(resource.address), "document": resource.document, "folder": str(resource.folder), "zone": resource.zone}
    ).decode()


def recalled(text: str, registry: Registry = REGISTRY, known: Provider | None = None) -> Resource | None:
    """The resource as it was last applied; None when nothing was kept or it cannot be understood any more. ``known`` is its
    provider where the caller has it already."""
    if not text:
        return None
    kept: dict[str, Any] = msgspec.json.decode(text)
    document = kept["document"]
    try:
        name = document["spec"]["provider"]
        provider = known if known is not None and known.name == name else registry.load(name)
        named = {
            **document,
            "metadata": {**document["metadata"], "name": "remembered"},
        }  # a record's resource is called terminal@17
        whole: Any = document_model(provider).model_validate(named)
    except (UnknownProvider, BrokenProvider, ValidationError):
        return None
    place = Place("(remembered)")
    sections = getattr(provider, "sections", {})
    return Resource(
        address=Address.parse(address)
        if (address := kept.get("address"))
        else Address(document["kind"], document["metadata"]["name"]),
        provider=provider,
        config=whole.spec.config,
        policy=whole.spec.policy,
        labels=whole.metadata.labels,
        mappings=tuple(Mapped(section, item, place) for section in sections for item in getattr(whole.spec, section)),
        place=place,
        folder=Path(kept["folder"]),
        digest="",
        zone=kept["zone"],
        document=document,
    )
